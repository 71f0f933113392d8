"""The page stands alone, holds together and says in words what it cannot draw."""

import re
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from reports.render import QUESTIONS, render, write
from reports.view import LedgerView
from tests.reports.page import Page
from tests.reports.report_builders import D, dead_letter, desk, fill, one_trade, opportunity, order, run

HTML_ENTITIES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
VIEWS: dict[str, Any] = {
    "nothing": LedgerView,
    "a run without data": lambda: LedgerView(run=run()),
    "a day without trades": lambda: LedgerView(run=run(), day=date(2026, 11, 20), opportunities=[opportunity()]),
    "one trade": one_trade,
    "orders without outcome": lambda: LedgerView(orders=[order(status=None, settled_at=None, profit=None)]),
    "several currencies": lambda: desk(80),
}


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_renders_and_answers_every_question(name: str) -> None:
    page = Page.of(render(VIEWS[name]()))

    assert page.open == []
    assert len(page.text) == len(QUESTIONS) + 1
    assert all(len(text) > 40 for text in page.text.values())


def test_a_page_without_trades_says_so_and_draws_nothing() -> None:
    page = Page.of(render(LedgerView(run=run())))

    assert page.charts() == 0
    assert "No trade was settled" in page.text["equity"]
    assert "Nothing came in" in page.text["funnel"]
    assert "No opportunity opened" in page.text["edge"]
    assert "N/A" in page.text["latency"]


@pytest.mark.parametrize("name", VIEWS)
def test_the_page_asks_the_network_for_nothing(name: str) -> None:
    html = render(VIEWS[name]())

    assert set(re.findall(r"""https?://[^\s"'<>)]+""", html)) <= HTML_ENTITIES
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in Page.of(html).tags}
    assert "@import" not in html
    assert re.findall(r"url\((?!#)", html) == []


def test_no_two_things_share_an_id_and_every_reference_is_met() -> None:
    page = Page.of(render(desk(80)))

    assert len(page.ids) == len(set(page.ids))
    assert set(page.references) <= set(page.ids)
    assert {tag for tag, given in page.tags if given.get("role") == "img"} == {"svg"}


def test_the_same_view_gives_the_same_page() -> None:
    assert render(desk(40)) == render(desk(40))


def test_the_page_carries_the_exact_profit_of_each_currency() -> None:
    view = desk(80)
    page = Page.of(render(view))

    for currency in ("KRW", "USDT"):
        net = sum((trade.change for trade in view.by_currency[currency]), D(0)).normalize()
        assert f"{net:f} {currency}" in page.exact["head"]
        assert f"{net:f} {currency}" in page.exact["waterfall"]


def test_what_strangers_wrote_is_text_and_never_markup() -> None:
    bad = "<script>alert('&')</script>"
    fills = [fill("t1", "buy", bad, "100", "1"), fill("t1", "sell", bad, "102", "1")]
    legs = {"buy_venue": bad, "sell_venue": 'be"ta'}
    view = one_trade(
        run=run(source=bad),
        orders=[order(**legs)],
        fills=fills,
        opportunities=[opportunity(**legs)],
        dead_letters=[dead_letter(detail=bad, venue=bad)],
        discrepancies=[bad],
    )

    page = Page.of(render(view))

    assert "script" not in {tag for tag, _ in page.tags}
    assert bad in page.text["dead-letters"]


def test_unlimited_funds_are_the_first_line_of_the_page() -> None:
    page = Page.of(render(LedgerView(run=run(funds="unlimited"))))

    assert re.search(r"Funds are unlimited", page.text["head"])
    assert page.text["head"].index("Funds are unlimited") < page.text["head"].index("report ", 60)


def test_ten_thousand_trades_are_thinned_to_a_page_that_opens() -> None:
    view = desk(10_000, days=45)
    began = monotonic()

    html = render(view)

    assert monotonic() - began < 30  # 5 s alone on the machine; others may use it too
    assert len(html.encode()) < 3_000_000


def test_a_report_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    written = write("<p>first</p>", tmp_path / "out", "day.html")
    write("<p>second</p>", tmp_path / "out", "day.html")

    assert written.read_text() == "<p>second</p>"
    assert [path.name for path in written.parent.iterdir()] == ["day.html"]
