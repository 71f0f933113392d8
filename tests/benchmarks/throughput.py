"""How many book updates a second? Everything lies in Kafka before the process under measurement starts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from app.assembly import stages_of
from app.broker.connection import client_arguments
from app.broker.offsets import Offsets
from app.engine.worker import group
from app.feeds.publish import Encoded
from app.settings import Settings
from channels import MARKET_DATA
from tests.benchmarks import ground
from tests.benchmarks.committed import Groups, span
from tests.benchmarks.feed import prefill
from tests.benchmarks.process import QUIXSTREAMS, child, usage, worker


class Speed(NamedTuple):
    """One run."""

    rate: float
    """Updates a second."""
    cpu_us: float
    """Processor time of the process an update, without its start."""
    broker_cpu_us: float
    rss_mb: float
    peak_mb: float


class Bench(NamedTuple):
    """What all runs share."""

    url: str
    broker_pid: int
    home: Path
    messages: Sequence[Encoded]


async def decide_alone(bench: Bench) -> Speed:
    async with _prefilled(bench, stages="decide") as settings:
        return await _measure(bench, settings, worker(settings), stage_groups(settings)[:1])


async def all_three(bench: Bench, **changes: Any) -> Speed:
    async with _prefilled(bench, **changes) as settings:
        return await _measure(bench, settings, worker(settings), stage_groups(settings))


async def plain_loop(bench: Bench) -> Speed:
    async with _prefilled(bench) as settings:
        return await _measure(bench, settings, plain(settings), _loop_groups(settings))


async def quixstreams(bench: Bench) -> Speed:
    async with _prefilled(bench) as settings:
        return await _measure(bench, settings, quix(settings), _loop_groups(settings))


def plain(settings: Settings) -> AbstractAsyncContextManager[int]:
    """The plain loop on the run's market_data."""
    return child("plain_loop", **_loop(settings))


def quix(settings: Settings) -> AbstractAsyncContextManager[int]:
    """QuixStreams on the run's market_data."""
    state = str(settings.home / "quixstreams")  # else it leaves a folder where it stands, in the project
    return child("quix_hop", QUIXSTREAMS, **_loop(settings), state=state)


def stage_groups(settings: Settings) -> Groups:
    """Consumer group and topics of each stage, in the order of the data."""
    return [(group(stage, settings), [it.topic(settings) for it in stage.consumes]) for stage in stages_of(settings)]


def _loop_groups(settings: Settings) -> Groups:
    return [(f"{settings.namespace}.beside", [MARKET_DATA.topic(settings)])]


def _loop(settings: Settings) -> dict[str, Any]:
    return {
        "bootstrap": client_arguments(settings)["bootstrap_servers"][0],
        "source": MARKET_DATA.topic(settings),
        "target": f"{settings.namespace}.{ground.HOP}",
        "group": f"{settings.namespace}.beside",
    }


@asynccontextmanager
async def _prefilled(bench: Bench, **changes: Any) -> AsyncIterator[Settings]:
    async with ground.run(bench.url, bench.home, **changes) as settings:
        await prefill(settings, bench.messages)
        yield settings


async def _measure(
    bench: Bench, settings: Settings, process: AbstractAsyncContextManager[int], groups: Groups
) -> Speed:
    total = len(bench.messages)
    async with Offsets(client_arguments(settings)) as offsets, process as pid:
        found = await span(offsets, groups, total, lambda: (usage(pid), usage(bench.broker_pid)))
        before, after = found.at_first, found.at_last
        cpu, broker = ((after[of].cpu_s - before[of].cpu_s) / found.updates * 1e6 for of in (0, 1))
        return Speed(found.rate, cpu, broker, after[0].rss_mb, after[0].peak_mb)
