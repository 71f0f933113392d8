"""Every command tells how it is used, and can be read by a program."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from app import cli


def commands() -> Iterator[tuple[str, Any]]:
    if not cli.app.registered_commands:
        cli._load()
    yield from walk("", typer.main.get_command(cli.app))


def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(command, TyperGroup):
        for child in command.commands.values():
            yield from walk(f"{name} {child.name}".strip(), child)
    else:
        yield name, command


ALL = dict(commands())


def test_all_commands_are_there():
    promised = (
        "run worker replay demo generate report reconcile trades trace status topology doctor "
        "broker-start broker-stop broker-status dlq-list dlq-show dlq-replay dlq-purge dlq-invalid "
        "control-pause control-resume control-drain control-tap control-rules control-status "
        "runs-list runs-purge config-show config-path ledger-diff ledger-migrate lag exporter "
        "bots-deploy bots-list bots-logs bots-stop bots-reap"
    )

    assert set(ALL) >= {name.replace("-", " ") for name in promised.split()}


@pytest.mark.parametrize("name", ALL)
def test_a_command_explains_itself_with_an_example(name):
    text = ALL[name].help or ""

    assert "Example: " in text
    assert f"crossbook {name}" in text.partition("Example: ")[2]


@pytest.mark.parametrize("name", ALL)
def test_a_command_can_answer_in_json(name):
    assert any("--json" in option.opts for option in ALL[name].params)


@pytest.mark.parametrize("name", ALL)
def test_each_option_says_what_it_is(name):
    silent = [option.name for option in ALL[name].params if not getattr(option, "help", "") and option.name != "help"]

    assert silent == []


def test_help_names_the_exit_codes_and_a_group_alone_shows_its_commands(crossbook):
    top, group = crossbook("--help"), crossbook("dlq")

    assert top.code == 0
    assert "Exit codes: 0 ok, 1 error, 2 usage, 3 not running, 4 configuration, 5 time-out" in " ".join(top.out.split())
    assert "replay" in group.out + group.err
