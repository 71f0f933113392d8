"""Plays a recording into the market_data channel: books under their pair, time and the end into every partition."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from app.domain.failure import InvalidMessage
from app.domain.market_data import Book, EndOfFeed, MarketData, Tick, Trade
from app.domain.partitioning import partition_of
from app.feeds.batches import Batches
from app.feeds.source import Item, source_id

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

SECOND = 10**9
Encoded = tuple[bytes | None, bytes, list[tuple[str, bytes]]]
"""(key, value, headers) of a Kafka record."""
_PAUSE_EVERY = 64
"""Items after which the event loop gets a turn."""
_SHORTEST_SLEEP = 0.001
"""Seconds: a wait that is shorter is made up for by the next."""


class Published(Struct, frozen=True):
    """What was sent and acknowledged; `ticks` counts one for each partition."""

    books: int
    trades: int
    invalid: int
    ticks: int


class Clock(Struct, frozen=True):
    """Where a paced feed takes its time from: a clock in seconds, and a way to wait."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


async def publish(
    recording: Iterable[Item],
    *,
    name: str,
    producer: "AIOKafkaProducer",
    topic: str,
    partitions: int,
    encode: Callable[[MarketData], Encoded],
    on_invalid: Callable[[InvalidMessage], Awaitable[object]],
    speed: float | None = None,
    tick_ns: int = SECOND,
    progress: Callable[[int], None] = lambda _: None,
    clock: Clock | None = None,
) -> Published:
    """Sends every item in order and returns when the broker has all of them.

    A book or trade goes to the partition that Kafka's own partitioner gives its key. Before the first item of each new
    `tick_ns` of event time a Tick goes into every partition, at most one: a gap in the recording is one tick long. An
    EndOfFeed on every partition ends the feed. `speed` plays so many seconds of event time in one (None: as fast as it
    goes). `progress` is told the number of items so far, now and then. `name` is the source of ticks and end marks.
    Raises Retry when the broker did not take a message in the producer's time.
    """
    batches = Batches(producer, topic, partitions)
    pace = None if speed is None else _Pace(speed, clock or Clock())
    source, counts, now, next_tick = source_id(name), {Book: 0, Trade: 0, InvalidMessage: 0, Tick: 0}, 0, 0
    done, ticks = 0, 0
    for item in recording:
        kind = type(item)
        counts[kind] += 1
        done += 1
        if isinstance(item, InvalidMessage):
            await on_invalid(item)
        else:
            now = item.received_time
            if pace is not None and (wait := pace.wait(now)) >= _SHORTEST_SLEEP:
                await batches.flush()
                await pace.clock.sleep(wait)
            if now >= next_tick:
                ticks += 1
                mark = Tick(source, ticks, now - now % tick_ns)
                await batches.add_everywhere(encode(mark))
                next_tick = mark.received_time + tick_ns
            key, value, headers = encode(item)
            partition = partition_of(key or b"", partitions)
            if not batches.append(partition, key, value, headers):
                await batches.send(partition)
                batches.append(partition, key, value, headers)
        if done % _PAUSE_EVERY == 0:
            await batches.flush_when_old()
            progress(done)
    await batches.add_everywhere(encode(EndOfFeed(source, ticks + 1, now, partitions)))
    await batches.settle()
    progress(done)
    return Published(counts[Book], counts[Trade], counts[InvalidMessage], ticks * partitions)


class _Pace:
    """Event time against the clock: the first item sets the mark."""

    def __init__(self, speed: float, clock: Clock) -> None:
        self.clock = clock
        self._speed = speed
        self._began: tuple[int, float] | None = None

    def wait(self, event_time: int) -> float:
        """Seconds until the item is due; below zero when it is late."""
        now = self.clock.now()
        if self._began is None:
            self._began = (event_time, now)
        first, began = self._began
        return began + (event_time - first) / SECOND / self._speed - now
