"""How long does a decision take? Book bytes in, order bytes out, before it is sent; in process, no Kafka."""

import asyncio
from collections.abc import Iterator
from time import perf_counter_ns
from typing import Any, NamedTuple

from app.assembly import surroundings
from app.engine.codec import market_message
from app.engine.pure import PureRuntime
from app.engine.reader import MarketDataReader
from app.engine.recovery import PartitionState
from app.settings import Settings
from app.topology import decide
from tests.benchmarks.market import books

UPDATES = 40_000
_WARM_UP = 2_000


class Record(NamedTuple):
    """What aiokafka would deliver."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]


class Decisions(NamedTuple):
    """Nanoseconds, each list ascending."""

    ordered: list[int]
    """Updates that led to an order."""
    quiet: list[int]
    """Updates that sent nothing."""


class _Nowhere:
    """An outbox that takes the bytes and sends nothing."""

    def __init__(self) -> None:
        self._done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def send(self, *_: Any) -> "asyncio.Future[Any]":
        return self._done


def records(settings: Settings) -> Iterator[Record]:
    """All on one partition, as a worker of one partition would see them."""
    for offset, book in enumerate(books(UPDATES)):
        key, value, headers = market_message(book)
        yield Record(f"{settings.namespace}.market_data", 0, offset, key, value, headers)


async def decisions(settings: Settings) -> Decisions:
    """Each update by itself: decoded, through all routes of the decide stage, and what it sends encoded."""
    outbox: Any = _Nowhere()
    nothing: Any = None
    stage = decide(surroundings(settings, MarketDataReader(settings, {})))
    runtime = PureRuntime(stage, settings, nothing, outbox)
    state = PartitionState(stage.steps, 0, {})
    ordered, quiet = [], []
    for record in list(records(settings)):
        outs: list[Any] = []
        began = perf_counter_ns()
        runtime._one(state, record, outs)
        if outs:
            await runtime.send(outs)
        took = perf_counter_ns() - began
        if record.offset < _WARM_UP:
            continue
        if any(out.send.channel == "trade_orders" for out in outs):
            ordered.append(took)
        elif not outs:
            quiet.append(took)
    return Decisions(sorted(ordered), sorted(quiet))
