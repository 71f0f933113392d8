"""The producer seam: send now, know later whether it arrived. Nothing is committed before it did."""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from app.domain.errors import Halt
from app.engine.codec import Headers

_SEND_TIMEOUT_MS = 30_000


class Outbox:
    """One idempotent producer a process: acks from all replicas, order kept within a partition.

    aiokafka, because sends are few behind a decide stage that sends only what it decides; librdkafka would fit
    behind the same three methods.
    """

    def __init__(self, connection: dict[str, Any], *, timeout_ms: int = _SEND_TIMEOUT_MS) -> None:
        self._connection = connection
        self._timeout_ms = timeout_ms
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._connection,
                    acks="all",
                    enable_idempotence=True,
                    linger_ms=0,
                    max_batch_size=262_144,
                    max_request_size=4_194_304,
                    request_timeout_ms=self._timeout_ms,
                )
                await producer.start()
                self._producer = producer

    async def stop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, partition: int | None = None
    ) -> "asyncio.Future[Any]":
        """Queues one record; the future is done when the broker has it. Raises Halt when it cannot even be queued."""
        if self._producer is None:
            await self.start()
        assert self._producer is not None  # noqa: S101 - start() set it or raised
        try:
            queued: asyncio.Future[Any] = await self._producer.send(
                topic, value, key=key, partition=partition, headers=headers
            )
            return queued
        except KafkaError as error:
            raise Halt(f"cannot send to {topic}: {error!r}; the stage stops, its input stays uncommitted") from error

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has."""
        if self._producer is None:
            await self.start()
        assert self._producer is not None  # noqa: S101 - start() set it or raised
        return len(await self._producer.partitions_for(topic))


async def acknowledged(futures: Iterable["asyncio.Future[Any]"]) -> None:
    """Waits until the broker has all of them. Raises Halt when one failed for good."""
    for future in futures:
        try:
            await future
        except KafkaError as error:
            raise Halt(
                f"the broker did not take a message in time ({error!r}); the stage stops without committing and, "
                "started again, goes on from the last committed offset"
            ) from error
