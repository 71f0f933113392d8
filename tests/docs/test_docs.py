"""Docs that say what is: every route has its row, every link its file, every command that is named exists."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from typer.main import get_command

from app import cli

ROOT = Path(__file__).parents[2]
PATTERNS = (ROOT / "docs" / "patterns.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def rows() -> dict[str, list[str]]:
    """Route -> the cells of its row."""
    found = {}
    for line in PATTERNS.splitlines():
        link = re.search(r"\.\./routes/(\w+)\.py", line)
        if line.startswith("|") and link:
            found[link[1]] = [cell.strip() for cell in line.strip("|").split("|")]
    return found


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    routes = {file.stem for file in (ROOT / "routes").glob("*.py")} - {"__init__"}

    assert set(rows()) == routes


def test_every_row_is_complete_and_names_a_test_that_is_there() -> None:
    incomplete = {route: cells for route, cells in rows().items() if len(cells) != 8 or not all(cells)}
    missing = {route: cells[-1] for route, cells in rows().items() if not (ROOT / cells[-1]).is_file()}

    assert incomplete == {}
    assert missing == {}


def test_every_route_says_what_its_pattern_is() -> None:
    wanted = ("In", "Out", "Key", "Guarantee", "Fails as")
    lacking = {
        file.name: [word for word in wanted if not re.search(rf"^{word}:? ", file.read_text(), re.MULTILINE)]
        for file in (ROOT / "routes").glob("*.py")
        if file.stem != "__init__"
    }

    assert {name: words for name, words in lacking.items() if words} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http|#|mailto)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists(page: Path) -> None:
    cli._load()
    runner, root = CliRunner(), get_command(cli.app)
    named = set(re.findall(r"`(?:\.venv/bin/)?crossbook ([a-z]+)", page.read_text()))

    unknown = [name for name in sorted(named) if runner.invoke(root, [name, "--help"]).exit_code]

    assert unknown == []


def test_the_readme_shows_two_commands_that_the_makefile_has() -> None:
    makefile = (ROOT / "Makefile").read_text()
    first_screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:30])

    for target in ("demo", "test"):
        assert f"make {target}" in first_screen
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_no_lock_file_names_a_download_address() -> None:
    named = [
        f"{file.name}: {line}"
        for file in (ROOT / "requirements").iterdir()
        for line in file.read_text().splitlines()
        if "://" in line or line.startswith(("--index", "--extra-index", "--find-links"))
    ]

    assert named == []


def test_every_refusal_code_is_explained() -> None:
    explained = (ROOT / "docs" / "operations.md").read_text()
    files = [
        file for room in ("app/domain", "app/venues", "app/operator", "routes") for file in (ROOT / room).glob("*.py")
    ]
    codes = {
        code
        for file in files
        for code in re.findall(r'"([A-Z]{3,}_[A-Z_]+|EXPIRED|PARTIAL|UNREADABLE)"', file.read_text())
    }

    assert codes
    assert sorted(code for code in codes if code not in explained) == []
