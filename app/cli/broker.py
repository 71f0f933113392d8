"""crossbook broker: start, stop and look at the embedded Kafka that other commands start on demand."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from app.broker.connection import wait_for_broker
from app.broker.embedded import EmbeddedBroker
from app.broker.provide import embedded_broker
from app.domain.errors import NotRunning, TimedOut, UsageError
from app.settings import Settings, load

app = typer.Typer(no_args_is_help=True, help="The embedded Apache Kafka: start it, stop it, look at it.")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


@app.command()
def start(as_json: AsJson = False) -> None:
    """Start the embedded broker and leave it running; does nothing if it runs.

    Example: export CROSSBOOK_BROKER=$(crossbook broker start)
    """
    settings = _embedded_only("start")
    broker = embedded_broker(settings, mode="detached", say=lambda line: typer.echo(line, err=True))
    url = broker.start()
    _show(_facts(broker), as_json, url)


@app.command()
def stop(as_json: AsJson = False) -> None:
    """Stop the embedded broker, whoever started it; its data stays. Ends with 3 if none was running.

    Example: crossbook broker stop
    """
    broker = embedded_broker(_embedded_only("stop"))
    stopped = broker.stop(found=True)
    if as_json:
        typer.echo(json.dumps({"stopped": stopped}))
    if not stopped:
        raise NotRunning(f"no embedded broker is running in {broker.data_dir}")
    if not as_json:
        typer.echo("stopped")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say whether the broker answers, and where. Ends with 3 if it does not.

    Example: crossbook broker status --json
    """
    settings = load()
    if settings.broker:
        _external(settings, as_json)
        return
    broker = embedded_broker(settings)
    facts = _facts(broker)
    if facts["running"]:
        _show(facts, as_json, f"running at {facts['broker']}, process {facts['pid']}, up {facts['uptime_s']} s")
        return
    if as_json:
        typer.echo(json.dumps(facts))
    stuck = f"process {facts['pid']} does not answer (log: {broker.log})" if facts["pid"] else "none is running"
    raise NotRunning(f"embedded broker in {broker.data_dir}: {stuck}; `crossbook broker start` starts it")


def _external(settings: Settings, as_json: bool) -> None:
    try:
        asyncio.run(wait_for_broker(settings, timeout=2.0))
    except TimedOut as error:
        if as_json:
            typer.echo(json.dumps({"running": False, "embedded": False, "broker": settings.broker}))
        raise NotRunning(str(error)) from None
    facts = {"running": True, "embedded": False, "broker": settings.broker}
    _show(facts, as_json, f"{settings.broker} answers (not ours: CROSSBOOK_BROKER names it)")


def _embedded_only(verb: str) -> Settings:
    settings = load()
    if settings.broker:
        raise UsageError(f"CROSSBOOK_BROKER names {settings.broker}: unset it to {verb} the embedded broker instead")
    return settings


def _facts(broker: EmbeddedBroker) -> dict[str, Any]:
    """running, embedded, and of a live process: pid, broker (url), port, started_at (ISO 8601), uptime_s, log."""
    state = broker.state()
    facts: dict[str, Any] = {"running": broker.running(), "embedded": True, "pid": None, "log": str(broker.log)}
    if state is not None:
        uptime = datetime.now(UTC) - datetime.fromisoformat(state.started_at)
        facts |= {"pid": state.pid, "broker": state.url, "port": state.port, "started_at": state.started_at}
        facts["uptime_s"] = round(uptime.total_seconds())
    return facts


def _show(facts: dict[str, Any], as_json: bool, line: str) -> None:
    typer.echo(json.dumps(facts) if as_json else line)
