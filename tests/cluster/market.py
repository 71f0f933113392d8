"""A bot's channels on a real Kafka, and the bot's part played: what it would have read is committed for its groups."""

import asyncio
import time
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.assembly import create_channels
from app.broker.connection import client_arguments
from app.engine.worker import group
from app.operator.standing import lags, stages_at
from app.settings import Settings
from channels import ALL, MARKET_DATA


class Market:
    """`namespace` is the bot's own."""

    def __init__(self, broker: str, namespace: str) -> None:
        self.settings = Settings(broker=broker, namespace=namespace, partitions=1)
        self._connection = client_arguments(self.settings)

    async def open(self) -> None:
        await create_channels(self.settings, ALL)

    async def moves(self, messages: int = 10, *, ago_s: float = 0.0) -> None:
        """So many messages come in, or have so long ago."""
        topic, at = MARKET_DATA.topic(self.settings), round((time.time() - ago_s) * 1_000)
        async with AIOKafkaProducer(**self._connection) as producer:
            for number in range(messages):
                await producer.send_and_wait(topic, str(number).encode(), timestamp_ms=at)

    async def was_read(self, patience_s: float, why: Callable[[], str]) -> None:
        """Returns when nothing waits for any stage; fails with `why`."""
        deadline = time.monotonic() + patience_s
        while any(each != 0 for each in (await lags(self.settings)).values()):
            assert time.monotonic() < deadline, why()
            await asyncio.sleep(0.2)

    async def is_read(self) -> None:
        """Every stage has read and committed all that is there."""
        for stage in stages_at(self.settings):
            topics = [channel.topic(self.settings) for channel in stage.consumes]
            async with AIOKafkaConsumer(
                **self._connection, group_id=group(stage, self.settings), enable_auto_commit=False
            ) as consumer:
                places = [TopicPartition(topic, 0) for topic in topics]
                consumer.assign(places)
                await consumer.commit(await consumer.end_offsets(places))
