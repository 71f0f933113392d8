"""Market data as it was: reads a channel on from a position, for the paper venue.

One consumer a partition, in no group. What was read lately is kept undecoded, so that trades that follow each other
read it once; a position that lies further back is read again from Kafka.
"""

import asyncio
from collections import deque
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from app.domain.errors import Refuse, Reject, Retry
from app.domain.market_data import Book, EndOfFeed
from app.domain.order import Position
from app.engine.codec import decoder
from app.settings import Settings
from channels.market_data import MARKET_DATA

_KEPT = 4_000
"""Records kept a partition: some seconds of a busy market, some megabytes."""

_PATIENCE_S = 120.0
"""How long a venue waits for its book while no end of the feed is seen."""


class _Partition:
    def __init__(self) -> None:
        self.consumer: AIOKafkaConsumer | None = None
        self.records: deque[Any] = deque(maxlen=_KEPT)
        self.next = 0
        """Offset that is read next."""
        self.lock = asyncio.Lock()


class MarketDataReader:
    """Finds books behind a position."""

    def __init__(self, settings: Settings, connection: dict[str, Any]) -> None:
        self._connection = connection
        self._prefix = f"{settings.namespace}."
        self._decode = decoder(MARKET_DATA.name, MARKET_DATA.message)
        self._partitions: dict[tuple[str, int], _Partition] = {}

    async def after(self, position: Position, venue: str, pair: str, not_before: int) -> Book | None:
        """See `app.venues.port.Books`. Raises Retry when no book and no end comes for two minutes."""
        partition = self._partitions.setdefault((position.channel, position.partition), _Partition())
        offset = position.offset + 1
        while True:
            async with partition.lock:
                await self._reach(position, partition, offset)
                found = list(partition.records)
            for record in found:
                if record.offset < offset:
                    continue
                offset = record.offset + 1
                body = self._read(record, pair)
                if isinstance(body, EndOfFeed):
                    return None
                if (
                    isinstance(body, Book)
                    and (body.venue, body.pair) == (venue, pair)
                    and body.received_time >= not_before
                ):
                    return body

    def _read(self, record: Any, pair: str) -> Any:
        if record.key is not None and record.key != pair.encode():
            return None
        try:
            return self._decode(record)[0]
        except Reject:
            return None  # the decide stage has set it aside already

    async def _reach(self, position: Position, partition: _Partition, offset: int) -> None:
        """Makes sure that the record at `offset` is among those kept, reading on or going back."""
        kept_from = partition.records[0].offset if partition.records else partition.next
        tp = TopicPartition(self._prefix + position.channel, position.partition)
        if partition.consumer is None:
            partition.consumer = AIOKafkaConsumer(
                **self._connection,
                enable_auto_commit=False,
                max_partition_fetch_bytes=4 * 1024**2,
                fetch_max_wait_ms=50,
            )
            await partition.consumer.start()
            partition.consumer.assign([tp])
            kept_from = -1
        if kept_from < 0 or offset < kept_from or offset > partition.next:
            partition.records.clear()
            partition.consumer.seek(tp, offset)
            partition.next = offset
        if offset < partition.next:
            return
        waited = 0.0
        while offset >= partition.next:
            try:
                batch = await partition.consumer.getmany(tp, timeout_ms=1000, max_records=1000)
            except OffsetOutOfRangeError:
                raise Refuse(
                    "MARKET_DATA_GONE", f"{position.channel}/{tp.partition}/{offset} is past the channel's retention"
                ) from None
            records = batch.get(tp, [])
            partition.records.extend(records)
            if records:
                partition.next = records[-1].offset + 1
            else:
                waited += 1.0
                if waited >= _PATIENCE_S:
                    raise Retry(f"no market data behind {position.channel}/{tp.partition}/{offset} for {waited:.0f} s")

    async def stop(self) -> None:
        for partition in self._partitions.values():
            if partition.consumer is not None:
                await partition.consumer.stop()
        self._partitions.clear()
