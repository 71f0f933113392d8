"""The page as Chromium draws it: at 960 px without overflow, printed without cut charts, silent on the network."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from reports.render import render, write
from tests.reports.report_builders import desk

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FLAGS += ["--disable-sync", "--no-first-run"]
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt install chromium")

_OVERFLOWING = """() => [...document.querySelectorAll('.table, figure, .figures div, .facts div')]
    .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.trim().slice(0, 40))"""
_CLIPPED = """() => [...document.querySelectorAll('svg[role=img]')].flatMap(svg => {
    const box = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(t => {
        const r = t.getBoundingClientRect();
        return r.width && (r.left < box.left - 1 || r.right > box.right + 1
            || r.top < box.top - 1 || r.bottom > box.bottom + 1);
    }).map(t => t.textContent);
})"""


@needs_chromium
def test_at_960_pixels_nothing_overflows_and_no_label_is_clipped(tmp_path: Path) -> None:
    file = write(render(desk(300)), tmp_path, "report.html")
    requests: list[str] = []

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page: Page = browser.new_page(viewport={"width": 960, "height": 1200})
        page.on("request", lambda request: requests.append(request.url))
        page.goto(file.as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth")
        overflowing, clipped = page.evaluate(_OVERFLOWING), page.evaluate(_CLIPPED)
        page.screenshot(path=tmp_path / "report.png", full_page=True)
        browser.close()

    assert (wide, overflowing, clipped) == (960, [], [])
    assert requests == [file.as_uri()]
    assert (tmp_path / "report.png").stat().st_size > 50_000


@needs_chromium
def test_it_prints_on_paper(tmp_path: Path) -> None:
    file = write(render(desk(300)), tmp_path, "report.html")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.goto(file.as_uri())
        printed = page.pdf(format="A4", prefer_css_page_size=True)
        browser.close()

    assert printed.startswith(b"%PDF")
    assert len(printed) > 50_000
