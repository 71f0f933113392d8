"""The feed: every item once and in order, time and the end in every partition, paced by event time."""

import asyncio
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaTimeoutError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from app.broker.connection import client_arguments
from app.broker.topics import TopicSpec, create_topics
from app.domain.errors import Retry
from app.domain.failure import InvalidMessage
from app.domain.market_data import Book, EndOfFeed, MarketData, Tick, Trade
from app.domain.partitioning import partition_of
from app.feeds.generator import generate
from app.feeds.publish import Clock, Encoded, Published, publish
from app.feeds.source import Item
from app.feeds.synthetic import Market
from app.settings import load
from tests.app.feeds.samples import a_book

SECOND = 10**9
INVALID = InvalidMessage("x:line:3", "x.csv:3", "short", "b1", "''", b"raw")
read = msgspec.json.Decoder(Book | Trade | Tick | EndOfFeed).decode


def encode(message: MarketData) -> Encoded:
    key = message.pair.encode() if isinstance(message, Book | Trade) else None
    return key, msgspec.json.encode(message), [("id", message.identity.encode())]


class Recorder:
    """Stands in for a producer: keeps what was appended, partition by partition, once its batch is sent."""

    def __init__(self, *, batch_size: int = 2_000, fails: Exception | None = None) -> None:
        self.sent: dict[int, list[Any]] = {}
        self.log: list[tuple[str, float]] = []
        self._batch_size = batch_size
        self._fails = fails

    def create_batch(self) -> BatchBuilder:
        kept: list[Any] = []

        class Kept(BatchBuilder):  # type: ignore[misc]
            def append(self, *, timestamp: Any, key: Any, value: Any, headers: Any = ()) -> Any:
                added = super().append(timestamp=timestamp, key=key, value=value, headers=headers)
                if added is not None:
                    kept.append(read(value))
                return added

        batch = Kept(self._batch_size, 0)
        batch.kept = kept
        return batch

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> "asyncio.Future[None]":
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._fails is not None:
            done.set_exception(self._fails)
        else:
            self.sent.setdefault(partition, []).extend(batch.kept)
            done.set_result(None)
        return done


async def play(items: list[Item], producer: Any, *, partitions: int = 2, **how: Any) -> tuple[Published, list[Item]]:
    invalid: list[Item] = []

    async def keep(message: InvalidMessage) -> None:
        invalid.append(message)

    done = await publish(
        items, name="test", producer=producer, topic="t", partitions=partitions, encode=encode, on_invalid=keep, **how
    )
    return done, invalid


@given(st.binary(max_size=40), st.integers(1, 300))
def test_a_key_belongs_where_kafkas_own_partitioner_puts_it(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions


async def test_every_item_is_sent_once_and_in_order_and_the_invalid_elsewhere() -> None:
    books = [a_book(number, pair=f"P{number % 5}/USDT", at=number * SECOND // 10) for number in range(1, 101)]
    items: list[Item] = [*books[:50], INVALID, *books[50:]]
    producer = Recorder()
    told: list[int] = []

    done, invalid = await play(items, producer, progress=told.append)

    assert done == Published(books=100, trades=0, invalid=1, ticks=22)
    assert invalid == [INVALID]
    for partition in (0, 1):
        mine = [book for book in books if partition_of(book.pair.encode(), 2) == partition]
        assert [message for message in producer.sent[partition] if isinstance(message, Book)] == mine
    assert told[-1] == 101


async def test_time_and_the_end_reach_every_partition() -> None:
    at = (5 * SECOND + 1, 5 * SECOND + 2, 6 * SECOND, 90 * SECOND + 7)
    producer = Recorder()

    await play([a_book(number, at=time) for number, time in enumerate(at)], producer, partitions=3)

    ticks = [Tick("test", 1, 5 * SECOND), Tick("test", 2, 6 * SECOND), Tick("test", 3, 90 * SECOND)]
    for partition in range(3):
        marks = [message for message in producer.sent[partition] if not isinstance(message, Book)]
        assert marks == [*ticks, EndOfFeed("test", 4, at[-1], 3)]
    with_books = producer.sent[partition_of(b"LINK/USDT", 3)]
    assert [type(message) for message in with_books] == [Tick, Book, Book, Tick, Book, Tick, Book, EndOfFeed]


async def test_an_empty_recording_has_an_end() -> None:
    producer = Recorder()

    done, _ = await play([], producer)

    assert done == Published(0, 0, 0, 0)
    assert producer.sent == {0: [EndOfFeed("test", 1, 0, 2)], 1: [EndOfFeed("test", 1, 0, 2)]}


async def test_a_paced_feed_sends_each_book_when_it_is_due() -> None:
    producer, now = Recorder(), [100.0]
    waits: list[tuple[float, int]] = []

    async def sleep(seconds: float) -> None:
        waits.append((round(seconds, 6), sum(len(messages) for messages in producer.sent.values())))
        now[0] += seconds

    books: list[Item] = [a_book(number, at=7 * SECOND + number * SECOND // 2) for number in range(1, 5)]
    await play(books, producer, partitions=1, speed=2.0, clock=Clock(now=lambda: now[0], sleep=sleep))

    assert waits == [(0.25, 2), (0.25, 4), (0.25, 5)]  # what came before has left when it waits
    assert now[0] == pytest.approx(100.75)


@pytest.mark.parametrize("count", [1, 500])
async def test_a_broker_that_takes_nothing_asks_for_another_try(count: int) -> None:
    producer = Recorder(fails=KafkaTimeoutError())

    with pytest.raises(Retry, match="did not take a batch for t"):
        await play([a_book(number) for number in range(count)], producer)


@pytest.mark.broker
async def test_kafka_has_every_message_in_its_partition(broker: str, namespace: str) -> None:
    topic, books = f"{namespace}.market_data", list(generate(Market(seconds=4)))
    arguments = client_arguments(load(broker=broker))
    await create_topics(arguments, [TopicSpec(topic, 3)])

    async with AIOKafkaProducer(**arguments, acks="all", enable_idempotence=True, max_batch_size=65_536) as producer:
        done = await publish(
            books, name="made", producer=producer, topic=topic, partitions=3, encode=encode, on_invalid=_refuse
        )
        for pair in ("BTC/USDT", "ETH/USDT", "SOL/USDT", "ETH/BTC"):
            by_kafka = await producer.send_and_wait(topic, b"{}", key=pair.encode())
            assert by_kafka.partition == partition_of(pair.encode(), 3)

    found = await _read_all(arguments, topic, partitions=3)
    assert done.books == len(books)
    for partition, messages in found.items():
        assert [message for message in messages if isinstance(message, Book)] == [
            book for book in books if partition_of(book.pair.encode(), 3) == partition
        ]
        assert isinstance(messages[0], Tick)
        assert isinstance(messages[-1], EndOfFeed)


async def _refuse(message: InvalidMessage) -> None:
    raise AssertionError(message)


async def _read_all(arguments: dict[str, Any], topic: str, *, partitions: int) -> dict[int, list[Any]]:
    """Every message up to the end mark of each partition."""
    places = [TopicPartition(topic, partition) for partition in range(partitions)]
    found: dict[int, list[Any]] = {partition: [] for partition in range(partitions)}
    consumer = AIOKafkaConsumer(**arguments, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(places)
        async with asyncio.timeout(30):
            while not all(messages and isinstance(messages[-1], EndOfFeed) for messages in found.values()):
                for place, records in (await consumer.getmany(timeout_ms=500)).items():
                    found[place.partition] += [read(record.value) for record in records if record.value != b"{}"]
    finally:
        await consumer.stop()
    return found
