"""How long has the oldest waiting message waited? Offsets say how many wait; the message itself says since when."""

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from time import monotonic
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from app.broker.connection import ClientArguments
from app.broker.offsets import Offsets
from app.broker.topics import away
from app.domain.lag import Depth

Place = tuple[str, int]
"""(topic, partition)"""

_PATIENCE_S = 2.0
"""For the oldest messages of all partitions together; what does not come is not known this time."""


class LagReader:
    """Reads along without joining a group, so that it also knows of groups whose workers are down.

    `async with LagReader(arguments) as reader`. Every method raises Retry when the broker is away.
    """

    def __init__(self, arguments: ClientArguments) -> None:
        self._arguments = arguments
        self._offsets = Offsets(arguments)
        self._stack = AsyncExitStack()
        self._consumer: Any = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._offsets)
            self._consumer = AIOKafkaConsumer(
                **self._arguments, enable_auto_commit=False, auto_offset_reset="earliest", max_poll_records=1
            )
            stack.push_async_callback(self._consumer.stop)
            try:
                await self._consumer.start()
            except (KafkaError, OSError, TimeoutError) as error:
                raise away(self._arguments, error) from error
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def ends(self, topics: Iterable[str]) -> dict[Place, int]:
        """The offset that each partition's next message gets. Raises ConfigurationError for a topic that is missing."""
        return await self._offsets.end_offsets(topics)

    async def committed(self, group: str) -> dict[Place, int]:
        """Where the group would go on; partitions without a commit are left out."""
        return await self._offsets.committed_offsets(group)

    async def written_at(self, places: Mapping[Place, int]) -> dict[Place, float]:
        """When the message at each offset, or the first one behind it, was written: wall clock, s."""
        found: dict[Place, float] = {}
        if not places:
            return found
        wanted = {TopicPartition(*place): offset for place, offset in places.items()}
        try:
            self._consumer.assign(list(wanted))
            for partition, offset in wanted.items():
                self._consumer.seek(partition, offset)
            deadline = monotonic() + _PATIENCE_S
            while len(found) < len(wanted) and monotonic() < deadline:
                records = await self._consumer.getmany(timeout_ms=200)
                for partition, batch in records.items():
                    found.setdefault((partition.topic, partition.partition), batch[0].timestamp / 1000)
                    self._consumer.pause(partition)
            self._consumer.unsubscribe()
        except (KafkaError, OSError, TimeoutError) as error:
            raise away(self._arguments, error) from error
        return found

    async def depth(self, topic: str) -> Depth:
        """How many messages lie in the topic, and since when the oldest does."""
        ends = await self.ends([topic])
        places = [TopicPartition(*place) for place in ends]
        try:
            begins = await self._consumer.beginning_offsets(places)
        except (KafkaError, OSError, TimeoutError) as error:
            raise away(self._arguments, error) from error
        first = {(tp.topic, tp.partition): offset for tp, offset in begins.items()}
        held = {place: first[place] for place, end in ends.items() if end > first[place]}
        oldest = await self.written_at(held)
        return Depth(sum(ends[place] - first[place] for place in held), min(oldest.values(), default=None))
