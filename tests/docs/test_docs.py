"""Docs that say what is: every route has its row, every link its file, every command that is named exists."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from app import cli
from app.settings import CONFIG_VARIABLE, Settings

ROOT = Path(__file__).parents[2]
WRONG_USAGE = typer.BadParameter.__bases__[0]
"""Typer carries a click of its own, and names no more of it than this."""
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


def written(page: Path) -> list[str]:
    """Everything on the page that is set as code: blocks by line, continued lines joined, and spans."""
    text = page.read_text().replace("\\\n", " ")
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = [*"\n".join(fenced).splitlines(), *re.findall(r"^ {4}(.+)$", text, re.MULTILINE)]
    return [*lines, *(" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text))]


def commands(page: Path) -> list[str]:
    """What follows `crossbook` wherever it is called; of "`crossbook dlq list`, `show`" both."""
    found = [
        call.partition(" #")[0].strip()
        for code in written(page)
        for call in re.findall(r"(?:^|\$\(|[ /])crossbook ((?:[a-z]|--help).*)", code)
    ]
    for first, others in re.findall(r"`crossbook ([a-z ]+)`((?:, `[a-z]+`)+)", page.read_text()):
        group = first.split()[:-1]
        found += [" ".join([*group, other]) for other in re.findall(r"`([a-z]+)`", others)]
    return found


def fault(call: str) -> str:
    """What is wrong with a call of crossbook; empty where there is such a command, with such flags and as many
    arguments."""
    command, words = get_command(cli.app), shlex.split(re.split(r"[>|)]", call)[0])
    while isinstance(command, TyperGroup):
        if not words or words[0] not in command.commands:
            return f"{call}: no command {words[:1]}" if words != ["--help"] else ""
        command = command.commands[words.pop(0)]
    if not words or words == ["--help"]:
        return ""  # named, not called
    try:
        command.make_context("crossbook", words)
    except WRONG_USAGE as error:
        return f"{call}: {error}"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_shown_is_one(page: Path) -> None:
    load_commands()

    assert [wrong for call in commands(page) if (wrong := fault(call))] == []


def test_the_pages_do_show_commands() -> None:
    shown = {" ".join(call.split()[:2]) for page in PAGES for call in commands(page)}

    assert shown >= {"trades", "dlq purge", "doctor", "control resume", "control rules", "broker start", "worker"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = {f"CROSSBOOK_{name.upper()}" for name in Settings.model_fields} | {CONFIG_VARIABLE}

    assert set(re.findall(r"CROSSBOOK_[A-Z_]+", page.read_text())) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = {target for code in written(page) for target in re.findall(r"^make ([a-z-]+)", code)}

    assert [target for target in sorted(named) if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_every_example_in_a_help_text_is_a_call_that_is_understood() -> None:
    load_commands()

    def examples(command: Any) -> Iterator[str]:
        for child in command.commands.values() if isinstance(command, TyperGroup) else ():
            yield from examples(child)
        text = (command.help or "").partition("Example: ")[2].partition("\n\n")[0]
        yield from re.findall(r"(?:^|\$\(| )crossbook ([^)\n]+)", text)

    calls = list(examples(get_command(cli.app)))

    assert len(calls) > 25
    assert [wrong for call in calls if (wrong := fault(call))] == []


def load_commands() -> None:
    if not cli.app.registered_commands:
        cli._load()


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
