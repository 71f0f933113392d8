"""Kafka as commands use it: a few messages out, one looked up; no group is joined, and whatever goes wrong is ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from app.broker.connection import client_arguments
from app.broker.topics import admin, away
from app.domain.errors import NotRunning
from app.settings import Settings


@asynccontextmanager
async def producer(settings: Settings) -> AsyncIterator[Any]:
    """A producer that is sure of what it sent. Whatever Kafka raises inside comes out as Retry."""
    arguments = client_arguments(settings)
    client = AIOKafkaProducer(
        **arguments, acks="all", enable_idempotence=True, request_timeout_ms=settings.send_timeout_ms
    )
    async with _started(client, arguments):
        yield client


@asynccontextmanager
async def consumer(settings: Settings) -> AsyncIterator[Any]:
    """A consumer in no group, to be assigned partitions and offsets by hand."""
    arguments = client_arguments(settings)
    client = AIOKafkaConsumer(**arguments, enable_auto_commit=False, auto_offset_reset="earliest")
    async with _started(client, arguments):
        yield client


@asynccontextmanager
async def _started(client: Any, arguments: dict[str, Any]) -> AsyncIterator[None]:
    try:
        await client.start()
        yield
    except (KafkaError, OSError, TimeoutError) as error:
        raise away(arguments, error) from error
    finally:
        await client.stop()


async def partitions(settings: Settings, topic: str) -> list[int]:
    """Numbers of the topic's partitions. Raises NotRunning where there is no such topic, Retry without a broker."""
    async with admin(client_arguments(settings)) as client:
        rows = await client.describe_topics([topic])
    if not rows or rows[0]["error_code"]:
        raise NotRunning(f"topic {topic} is not on the broker; start a worker, which makes it")
    return sorted(row["partition"] for row in rows[0]["partitions"])


async def record_at(settings: Settings, topic: str, partition: int, offset: int) -> Any:
    """The record at exactly this place; None where it is gone (retention, a purge, a topic deleted)."""
    try:
        known = await partitions(settings, topic)
    except NotRunning:
        return None
    if partition not in known:
        return None
    place = TopicPartition(topic, partition)
    async with consumer(settings) as client:
        client.assign([place])
        begin, end = (await client.beginning_offsets([place]))[place], (await client.end_offsets([place]))[place]
        if not begin <= offset < end:
            return None
        client.seek(place, offset)
        found = await client.getone(place)
    return found if found.offset == offset else None
