"""Record batches built here, one open a partition: sending a batch costs what sending a message does."""

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaError

from app.domain.errors import Retry

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

_OLD_S = 0.02
"""A batch that is not full is sent after so long."""


class Batches:
    """Messages of one topic on their way. Each partition keeps its order; at most two batches of it are in flight.

    The producer's `max_batch_size` is theirs; 256 KiB serves well.
    """

    def __init__(self, producer: "AIOKafkaProducer", topic: str, partitions: int) -> None:
        self._producer = producer
        self._topic = topic
        self._open: list[Any] = [producer.create_batch() for _ in range(partitions)]
        self._sent: deque[asyncio.Future[Any]] = deque()
        self._flushed = time.monotonic()

    def append(self, partition: int, key: bytes | None, value: bytes, headers: list[tuple[str, bytes]]) -> bool:
        """Adds a message to the partition's open batch; False when it is full and must be sent first."""
        added = self._open[partition].append(timestamp=None, key=key, value=value, headers=headers)
        return added is not None

    async def add_everywhere(self, message: tuple[bytes | None, bytes, list[tuple[str, bytes]]]) -> None:
        """Adds a message to every partition. Raises Retry as `send` does."""
        for partition in range(len(self._open)):
            if not self.append(partition, *message):
                await self.send(partition)
                self.append(partition, *message)

    async def send(self, partition: int) -> None:
        """Hands the partition's open batch to the producer, waiting while one before it has not left.

        Raises Retry when the broker did not take a message in the producer's time.
        """
        batch = self._open[partition]
        if not batch.record_count():
            return
        batch.close()
        self._open[partition] = self._producer.create_batch()
        try:
            self._sent.append(await self._producer.send_batch(batch, self._topic, partition=partition))
            while self._sent and self._sent[0].done():
                self._sent.popleft().result()
        except KafkaError as error:
            raise self._not_taken(error) from error

    async def flush(self) -> None:
        """Sends what is open in all partitions, full or not. Raises Retry as `send` does."""
        for partition in range(len(self._open)):
            await self.send(partition)
        self._flushed = time.monotonic()

    async def flush_when_old(self) -> None:
        """Gives the event loop a turn, and flushes when the last time was long ago. Raises Retry as `send` does."""
        if time.monotonic() - self._flushed > _OLD_S:
            await self.flush()
        await asyncio.sleep(0)

    async def settle(self) -> None:
        """Flushes and waits until the broker has acknowledged everything. Raises Retry as `send` does."""
        await self.flush()
        try:
            while self._sent:
                await self._sent.popleft()
        except KafkaError as error:
            raise self._not_taken(error) from error

    def _not_taken(self, error: KafkaError) -> Retry:
        for future in self._sent:  # their failure is this one's; read, so that asyncio does not report it once more
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
        return Retry(
            f"the broker did not take a batch for {self._topic} in time ({error!r}): "
            "the feed stops; start it again when the broker is back"
        )
