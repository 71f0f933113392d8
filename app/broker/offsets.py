"""How far: the end of each partition, and how far a group has committed. Their difference is the lag."""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, KafkaError

from app.broker.connection import ClientArguments
from app.broker.topics import admin, away
from app.domain.errors import ConfigurationError

Offset = dict[tuple[str, int], int]  # (topic, partition): offset


class Offsets:
    """One open connection for many looks: `async with Offsets(arguments) as offsets`. Reads no message, joins no group.

    Every method raises Retry when the broker is away; the same object may be asked again when it is back.
    """

    def __init__(self, arguments: ClientArguments) -> None:
        self._arguments = arguments
        self._stack = AsyncExitStack()
        self._partitions: dict[str, list[TopicPartition]] = {}
        self._admin: Any = None
        self._consumer: Any = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._admin = await stack.enter_async_context(admin(self._arguments))
            self._consumer = AIOKafkaConsumer(**self._arguments, enable_auto_commit=False)
            stack.push_async_callback(self._consumer.stop)
            await self._retried(self._consumer.start())
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def end_offsets(self, topics: Iterable[str]) -> Offset:
        """The offset that the next message of each partition will get; so 0 for an empty one that never had any.

        Raises ConfigurationError for a topic that is not there.
        """
        names = list(topics)
        for name in names:
            if name not in self._partitions:
                self._partitions[name] = await self._look_up(name)
        asked = [partition for name in names for partition in self._partitions[name]]
        found = await self._retried(self._consumer.end_offsets(asked)) if asked else {}
        return {(tp.topic, tp.partition): offset for tp, offset in found.items()}

    async def committed_offsets(self, group: str) -> Offset:
        """The offset from which `group` would go on; partitions without a commit, and unknown groups, are left out."""
        try:
            found = await self._admin.list_consumer_group_offsets(group)
        except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError):
            return {}  # nobody has committed anything yet: Kafka makes the offsets topic when first asked
        except (KafkaError, OSError, TimeoutError) as error:
            raise away(self._arguments, error) from error
        return {(tp.topic, tp.partition): row.offset for tp, row in found.items() if row.offset >= 0}

    async def _look_up(self, topic: str) -> list[TopicPartition]:
        rows = await self._retried(self._admin.describe_topics([topic]))
        if not rows or rows[0]["error_code"] or not rows[0]["partitions"]:
            raise ConfigurationError(f"topic {topic} is not on the broker; create it first")
        return sorted(TopicPartition(topic, row["partition"]) for row in rows[0]["partitions"])

    async def _retried(self, awaitable: Any) -> Any:
        try:
            return await awaitable
        except (KafkaError, OSError, TimeoutError) as error:
            raise away(self._arguments, error) from error
