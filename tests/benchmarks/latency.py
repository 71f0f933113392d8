"""How long from a tick to what came of it, at a steady rate? For us an order, for the loops beside us a spread."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from time import time_ns
from typing import NamedTuple

from app.broker.connection import client_arguments
from app.broker.offsets import Offsets
from app.settings import Settings
from channels import TRADE_ORDERS
from tests.benchmarks import ground
from tests.benchmarks.feed import paced
from tests.benchmarks.market import hurried
from tests.benchmarks.process import child, usage, worker
from tests.benchmarks.throughput import plain, quix

RATES = (800, 5_000)
SECONDS = 12
_WARM_UP_NS = 2 * 10**9
HURRY = 20
_MS = 1e6
_PATIENCE_S = 60.0


class Latency(NamedTuple):
    """Of one rate in one run: milliseconds, each ascending."""

    sent: list[float]
    """Tick sent -> output sent."""
    seen: list[float]
    """Tick sent -> output received by a consumer."""


Starter = Callable[[Settings], AbstractAsyncContextManager[int]]
Measured = tuple[dict[int, Latency], float]
"""By rate; and the peak of the process's resident memory, MB."""


async def orders(url: str, home: Path) -> Measured:
    """Tick to order, through a worker with all three stages."""
    return await _measure(url, home, worker, TRADE_ORDERS.name, trailing=".decide")


async def plain_loop(url: str, home: Path) -> Measured:
    """The plain loop's one hop."""
    return await _measure(url, home, plain, ground.HOP, trailing=".beside")


async def quixstreams(url: str, home: Path) -> Measured:
    """QuixStreams' one hop."""
    return await _measure(url, home, quix, ground.HOP, trailing=".beside")


async def _measure(url: str, home: Path, start: Starter, output: str, trailing: str) -> Measured:
    # event time hurries; what is published by its interval must not
    async with ground.run(url, home, conflate_ms=1_000 * HURRY) as settings:
        into = settings.home / "seen.json"
        windows = []
        async with start(settings) as pid:
            async with _receiver(settings, output, into):
                await _ready(settings, f"{settings.namespace}{trailing}")
                for number, rate in enumerate(RATES):
                    began = time_ns() + _WARM_UP_NS
                    await paced(settings, hurried(rate, SECONDS, HURRY, seed=number + 2), f"rate-{rate}", HURRY)
                    windows.append((rate, began, time_ns()))
                await asyncio.sleep(1)
            peak = usage(pid).peak_mb
        rows = json.loads(into.read_text())
    return {rate: _of(rows, began, ended) for rate, began, ended in windows}, peak


def _of(rows: Sequence[tuple[int, int, int]], began: int, ended: int) -> Latency:
    inside = [row for row in rows if began <= row[0] < ended]
    return Latency(
        sorted((sent - tick) / _MS for tick, sent, _ in inside), sorted((seen - tick) / _MS for tick, _, seen in inside)
    )


@asynccontextmanager
async def _receiver(settings: Settings, output: str, into: Path) -> AsyncIterator[int]:
    servers = client_arguments(settings)["bootstrap_servers"][0]
    topic = f"{settings.namespace}.{output}"
    async with child("receiver", bootstrap=servers, topic=topic, into=str(into)) as pid:
        yield pid


async def _ready(settings: Settings, group: str) -> None:
    """Plays a second of market, so that caches are warm, and waits until some of it is committed."""
    await paced(settings, hurried(RATES[0], 1, HURRY, seed=1), "warm-up", HURRY)
    async with Offsets(client_arguments(settings)) as offsets, asyncio.timeout(_PATIENCE_S):
        while not await offsets.committed_offsets(group):  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.1)
