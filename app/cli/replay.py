"""crossbook replay: a recording through Kafka and the whole topology, reconciled and reported."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from app.assembly import stages_of
from app.broker.provide import provided_broker
from app.cli.live import Live
from app.cli.show import AsJson, as_json, say, table
from app.domain.routing import DROP, JOIN
from app.feeds.recording import Recording, open_recording
from app.run.folder import new_run
from app.run.replay import Plan
from app.run.replay import replay as run_replay
from app.settings import Settings, load
from app.venues.routing_table import load_rules


class Trade(StrEnum):
    OPENED = "opened"
    EVERY = "every"


class Join(StrEnum):
    EACH = "each"
    ALIGNED = "aligned"


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


def replay(
    path: Annotated[Path, typer.Argument(help="A recording: a file, or a folder of its files.", show_default=False)],
    fee_bps: Annotated[str, typer.Option(help="Fee a leg: 10, or binance=10,huobi=20.")] = "",
    latency_ms: Annotated[str, typer.Option(help="Decision to venue: 50, or binance=20,huobi=80.")] = "",
    trade: Annotated[
        Trade | None, typer.Option(help="opened: one attempt an opportunity. every: an arithmetic check.")
    ] = None,
    join: Annotated[Join | None, typer.Option(help="each or aligned; default: as the recording is.")] = None,
    depletion: Annotated[Switch | None, typer.Option(help="on: withhold what we took until it changes.")] = None,
    size: Annotated[str, typer.Option(help="Base amount of a level, where the recording has no sizes.")] = "",
    funds: Annotated[str, typer.Option(help="binance:USDT=10000,huobi:LINK=500; default: unlimited.")] = "",
    venues: Annotated[Path | None, typer.Option(help="Venue profiles (TOML): fees, lots, ticks, minimums.")] = None,
    routing: Annotated[Path | None, typer.Option(help="Routing table (TOML).")] = None,
    speed: Annotated[float | None, typer.Option(min=0.001, help="1: as recorded; default: as fast as it goes.")] = None,
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for the end after the feed has ended.")
    ] = 300.0,
    json: AsJson = False,
) -> None:
    """Replay a recording through Kafka and the whole topology, on paper.

    Example: crossbook replay recordings/linkusdt --fee-bps 0 --latency-ms 0 --json
    """
    recording = open_recording(path, size=size)
    if size and "sizes" not in " ".join(recording.notes) and recording.format != "polled-quotes":
        say("note: --size is not used: the recording has sizes")
    for note in recording.notes:
        say(f"note: {note}")
    settings = load(
        venues=venues,
        routing=routing,
        fee_bps=fee_bps or None,
        latency_ms=latency_ms or None,
        funds=funds or None,
        trade=trade,
        join=join or recording.join,
        depletion=None if depletion is None else depletion is Switch.ON,
    )
    summary = play(settings, recording, mode="replay", speed=speed, timeout_s=timeout, quiet=json)
    if json:
        as_json(summary)
    else:
        table([{"what": name, "value": _shown(value)} for name, value in summary.items()], title=f"Replay of {path}")


def play(
    settings: Settings, recording: Recording, *, mode: str, speed: float | None, timeout_s: float, quiet: bool
) -> dict[str, Any]:
    """Runs the recording as a run of its own, embedded broker included; returns its summary."""
    unlimited = mode == "replay" and not settings.funds
    changes = {
        "venue_names": recording.venues,
        "pairs": recording.pairs,
        "expected_venues": recording.expected_venues if settings.join == "aligned" else (),
        "unlimited_funds": unlimited,
        "virtual_time": True,
        # one partition, one worker: who comes first for the money is the same every time
        "partitions": 1,
    }
    stages_of(
        settings.model_copy(update=changes)
    )  # what is wrong with profiles or rules is said before anything starts
    for channel in sorted({rule.to for rule in load_rules(settings.routing)} - {JOIN, DROP}):
        say(f"note: rules send pairs to {channel}, which no worker of this run reads")
    with provided_broker(settings, say) as reached:
        run = new_run(reached, mode, recording.name, **changes)
        with Live(run, quiet=quiet) as live:
            plan = Plan(
                run,
                recording,
                recording.name,
                mode,
                recording.resolution_ns or None,
                speed,
                timeout_s,
                live.say,
                live.look,
            )
            return asyncio.run(run_replay(plan))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "none"
    return str(value)
