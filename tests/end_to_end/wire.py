"""A run's channels as anybody sees them: read to their end, written to byte by byte."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.assembly import channels_of, create_channels, surroundings
from app.broker.connection import client_arguments
from app.engine.reader import MarketDataReader
from app.run.folder import Run
from app.run.worker_process import WorkerProcess
from app.settings import Settings


@asynccontextmanager
async def working(run: Run, **extra: str) -> AsyncIterator[WorkerProcess]:
    """The run's channels and one worker; what it says ends in the run's folder."""
    await create_channels(run.settings, channels_of(surroundings(run.settings, MarketDataReader(run.settings, {}))))
    worker = WorkerProcess(run.settings, run.log, print, extra)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


@asynccontextmanager
async def producing(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(
        **client_arguments(settings), acks="all", linger_ms=5, max_request_size=4_194_304
    ) as producer:
        yield producer


async def records(settings: Settings, channel: str) -> list[Any]:
    """Everything that lies in the channel now, partition by partition."""
    topic = f"{settings.namespace}.{channel}"
    consumer = AIOKafkaConsumer(**client_arguments(settings), enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        await consumer._client.set_topics([topic])
        places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(places)
        found: list[Any] = []
        for place, end in (await consumer.end_offsets(places)).items():
            if end > 0:
                consumer.seek(place, 0)
            while end > 0 and await consumer.position(place) < end:
                for batch in (await consumer.getmany(place, timeout_ms=500)).values():
                    found += batch
        return sorted(found, key=lambda record: (record.partition, record.offset))
    finally:
        await consumer.stop()
