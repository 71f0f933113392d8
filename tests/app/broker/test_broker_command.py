"""`crossbook broker start|stop|status`: what it prints, and what it ends with."""

import json

import pytest
from typer.testing import CliRunner

from app.broker.embedded import EmbeddedBroker
from app.cli.broker import app
from app.domain.errors import CrossbookError


@pytest.fixture
def run(monkeypatch):
    """Runs the command in an own home; returns (exit code, what it printed), errors mapped as the main program does."""

    def command(line: str, **variables: str) -> tuple[int, str]:
        monkeypatch.delenv("CROSSBOOK_BROKER", raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(f"CROSSBOOK_{name.upper()}", value)
        result = CliRunner().invoke(app, line.split())
        if isinstance(result.exception, CrossbookError):
            return result.exception.exit_code, f"{result.stdout}{result.exception}"
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout

    return command


@pytest.mark.broker
def test_a_broker_is_started_seen_and_stopped(run, home, make_broker):
    started, address = run("start", home=str(home))
    again, same = run("start", home=str(home))
    seen, status = run("status --json", home=str(home))
    running = make_broker().running()
    stopped, _ = run("stop", home=str(home))
    after, _ = run("status", home=str(home))

    facts = json.loads(status)
    assert (started, again, seen, stopped, after) == (0, 0, 0, 0, 3)
    assert address.startswith("kafka://127.0.0.1:")
    assert same == address
    assert running
    assert facts["running"] is True
    assert facts["broker"] == address.strip()
    assert facts["pid"] > 0
    assert facts["uptime_s"] >= 0


def test_status_and_stop_end_with_3_when_nothing_runs(run, tmp_path):
    assert run("status", home=str(tmp_path))[0] == 3
    assert run("stop", home=str(tmp_path))[0] == 3
    code, shown = run("status --json", home=str(tmp_path))

    assert code == 3
    assert json.loads(shown.splitlines()[0])["running"] is False


@pytest.mark.broker
def test_a_broker_that_the_settings_name_is_looked_at_and_never_started_or_stopped(run, broker, tmp_path):
    code, shown = run("status --json", home=str(tmp_path), broker=broker)

    assert code == 0
    assert json.loads(shown) == {"running": True, "embedded": False, "broker": broker}
    assert run("start", home=str(tmp_path), broker=broker)[0] == 2
    assert run("stop", home=str(tmp_path), broker=broker)[0] == 2
    assert not EmbeddedBroker(tmp_path / "broker").running()


def test_a_broker_that_the_settings_name_and_that_is_away_ends_status_with_3(run, tmp_path):
    code, shown = run("status", home=str(tmp_path), broker="kafka://127.0.0.1:1")

    assert code == 3
    assert "127.0.0.1:1" in shown


@pytest.mark.parametrize("verb", ["start", "stop", "status"])
def test_every_command_has_an_example_in_its_help(run, verb):
    code, shown = run(f"{verb} --help")

    assert code == 0
    assert "Example:" in shown
    assert "--json" in shown
