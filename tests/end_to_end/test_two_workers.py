"""Two workers share the partitions; one is killed under load, the other takes over: nothing is lost."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.assembly import channels_of, create_channels, surroundings
from app.broker.connection import client_arguments
from app.broker.offsets import Offsets
from app.engine.reader import MarketDataReader
from app.engine.worker import group
from app.feeds.recording import Recording
from app.run.drain import drained
from app.run.feed import play
from app.run.folder import new_run
from app.run.worker_process import WorkerProcess
from app.settings import Settings
from app.storage.difference import Difference
from app.topology import topology
from tests.end_to_end.conftest import DEMO
from tests.end_to_end.runs import differences, eventually, replayed, settings_of

pytestmark = pytest.mark.broker


async def test_a_killed_worker_is_replaced_by_the_other(broker: str, home: Path, market: Recording) -> None:
    settings = settings_of(broker, home, market, venues=DEMO, depletion=True)
    alone = await replayed(settings, market)
    run = new_run(settings, "test", market.name)
    stages = topology(surroundings(run.settings, MarketDataReader(run.settings, {})))

    async with _workers(run.settings, run.folder, 2) as (first, _), _offsets(run.settings) as offsets:
        await eventually(lambda: _shared(run.folder), 40, "two workers that share market_data")
        assert first.pid is not None

        def kill_in_the_middle(played: int) -> None:
            if played >= 8_000 and not killed:
                os.kill(first.pid, signal.SIGKILL)
                killed.append(played)

        killed: list[int] = []
        before = await _done(offsets, run.settings, stages[0])
        await play(market, market.name, run.settings, speed=4, progress=kill_in_the_middle)
        await drained(offsets, stages, run.settings, 90)
        after = await _done(offsets, run.settings, stages[0])

    assert killed
    assert not before
    assert len(after) == 4
    assert await differences(alone.run.settings, run.settings, but=_of_the_interleaving) == []


def _of_the_interleaving(found: Difference) -> bool:
    """In which order four partitions' orders reached the one account is nobody's to say, with one worker or two."""
    return found.column == "sequence" or found.table == "runs"


@asynccontextmanager
async def _workers(settings: Settings, folder: Path, count: int) -> AsyncIterator[list[WorkerProcess]]:
    await create_channels(settings, channels_of(surroundings(settings, MarketDataReader(settings, {}))))
    started = [WorkerProcess(settings, folder / f"worker-{number}.log", print) for number in range(count)]
    try:
        for worker in started:
            await worker.start()
        yield started
    finally:
        for worker in started:
            await worker.stop()


@asynccontextmanager
async def _offsets(settings: Settings) -> AsyncIterator[Offsets]:
    async with Offsets(client_arguments(settings)) as offsets:
        yield offsets


async def _shared(folder: Path) -> bool:
    """Whether each of both workers has partitions of market_data, and all are somebody's, by what Faust logs of it."""
    held = await asyncio.to_thread(_held, folder)
    return all(held) and sorted(number for one in held for number in one) == [0, 1, 2, 3]


def _held(folder: Path) -> list[list[int]]:
    held = []
    for log in folder.glob("worker-*.log"):
        rows = re.findall(r"\.market_data +\| \{([\d, -]+)\}", log.read_text())
        spans = re.findall(r"(\d+)(?:-(\d+))?", rows[-1]) if rows else []
        held.append([number for low, high in spans for number in range(int(low), int(high or low) + 1)])
    return held


async def _done(offsets: Offsets, settings: Settings, stage: object) -> dict[tuple[str, int], int]:
    topic = f"{settings.namespace}.market_data"
    found = await offsets.committed_offsets(group(stage, settings))  # type: ignore[arg-type]
    return {place: offset for place, offset in found.items() if place[0] == topic and offset > 0}
