"""Runs under observation: what `crossbook replay` does, with somebody who disturbs it at chosen moments."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from app.feeds.recording import Recording
from app.run.folder import Run, new_run
from app.run.replay import Plan, replay
from app.run.watch import Glance
from app.settings import Settings, load
from app.storage.difference import Difference, difference
from app.storage.ledger import Ledger

Moment = Callable[[Glance], bool]
"""Whether it is time."""
Disturbance = tuple[Moment, Callable[[Run], bool]]
"""When, and what then; the deed says whether it could be done yet."""


@dataclass
class Ended:
    """A run that has come to its end."""

    run: Run
    summary: dict[str, Any]
    said: list[str] = field(default_factory=list)


def settings_of(broker: str, home: Path, recording: Recording, **changes: Any) -> Settings:
    """As the command sets them; `changes` come last."""
    limited = not changes.get("unlimited_funds", True)
    chosen = {
        "home": home,
        "broker": broker,
        "venue_names": recording.venues,
        "pairs": recording.pairs,
        "expected_venues": recording.expected_venues if recording.join == "aligned" else (),
        "join": recording.join,
        "virtual_time": True,
        "unlimited_funds": True,
        "partitions": 1 if limited else min(4, len(recording.pairs)),
        **changes,
    }
    return load(**chosen)


async def replayed(
    settings: Settings,
    recording: Recording,
    *,
    disturbed: Sequence[Disturbance] = (),
    speed: float | None = None,
    timeout_s: float = 240,
) -> Ended:
    """Plays the recording as a run of its own, disturbed in this order. Fails where a moment never came."""
    run = new_run(settings, "test", recording.name)
    left, said = list(disturbed), list[str]()

    def look(glance: Glance) -> None:
        if left and left[0][0](glance) and left[0][1](run):
            left.pop(0)

    plan = Plan(
        run, recording, recording.name, "replay", recording.resolution_ns, speed, timeout_s, said.append, look, 0.01
    )
    ended = Ended(run, await replay(plan), said)
    assert not left, f"{len(left)} of {len(disturbed)} moments never came"
    return ended


class Killer:
    """kill -9 of the run's worker, each time of one that was not killed before."""

    def __init__(self) -> None:
        self.killed: set[int] = set()

    def __call__(self, run: Run) -> bool:
        for process in workers(run.settings.namespace):
            if process.pid not in self.killed:
                self.killed.add(process.pid)
                os.kill(process.pid, signal.SIGKILL)
                return True
        return False


def workers(namespace: str) -> list[psutil.Process]:
    """Our faust workers of a namespace."""
    found = []
    for child in psutil.Process().children():
        try:
            if "faust" in child.cmdline() and child.environ().get("CROSSBOOK_NAMESPACE") == namespace:
                found.append(child)
        except psutil.Error:
            continue
    return found


def any_time(glance: Glance) -> bool:
    return True


def updates(count: int) -> Moment:
    """So many market_data messages are committed."""
    return lambda glance: glance.messages >= count


def outcomes(count: int) -> Moment:
    """So many orders have their outcome in the ledger."""
    return lambda glance: glance.counts is not None and sum(glance.counts.outcomes.values()) >= count


async def differences(
    one: Settings, other: Settings, *, but: Callable[[Difference], bool] = lambda _: False
) -> list[str]:
    """What two runs' ledgers tell differently; at most ten, to be read by people."""
    left, right = await Ledger.open(one.ledger_url), await Ledger.open(other.ledger_url)
    try:
        return [str(found) async for found in difference(left, right) if not but(found)][:10]
    finally:
        await left.close()
        await right.close()


async def eventually(condition: Callable[[], Awaitable[Any]], within_s: float, what: str) -> Any:
    """Polls until the condition is truthy; returns what it said."""
    deadline = time.monotonic() + within_s
    while not (found := await condition()):
        assert time.monotonic() < deadline, f"{what}: waited {within_s:g} s in vain"
        await asyncio.sleep(0.05)
    return found
