"""Into market_data: all at once before the clock starts, or paced."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer

from app.broker.connection import client_arguments
from app.domain.market_data import Book
from app.domain.partitioning import partition_of
from app.engine.codec import market_message
from app.feeds.batches import Batches
from app.feeds.publish import Encoded, publish
from app.feeds.synthetic import SECOND
from app.settings import Settings
from channels import MARKET_DATA


async def prefill(settings: Settings, messages: Iterable[Encoded]) -> None:
    """Writes all messages; returns when the broker has them."""
    async with _producer(settings) as producer:
        batches = Batches(producer, MARKET_DATA.topic(settings), settings.partitions)
        for key, value, headers in messages:
            partition = partition_of(key or b"", settings.partitions)
            if not batches.append(partition, key, value, headers):
                await batches.send(partition)
                batches.append(partition, key, value, headers)
        await batches.settle()


async def paced(settings: Settings, books: Iterable[Book], name: str, hurry: int) -> None:
    """Plays the books as the feed of a demo does; each message says when it was sent, in wall nanoseconds."""
    async with _producer(settings) as producer:
        await publish(
            books,
            name=name,
            producer=producer,
            topic=MARKET_DATA.topic(settings),
            partitions=settings.partitions,
            encode=market_message,
            on_invalid=_never,
            speed=float(hurry),
            tick_ns=SECOND * hurry,
        )


async def _never(message: object) -> None:
    raise AssertionError(f"the generated market has no invalid message: {message!r}")


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        **client_arguments(settings), acks="all", enable_idempotence=True, max_batch_size=262_144
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()
