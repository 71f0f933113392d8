"""The one file that leans on Faust's internals (pinned to faust-streaming 0.15.3 by its tests).

Faust hands an agent one message at a time and commits by acknowledgement of each: 250 us a message, and offsets that
can pass a message still in work. Here an agent gets everything that has queued up on a partition as one `Batch`, and
offsets are committed only as far as the stage says (`Progress`), which is after outputs and state are acknowledged.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, cast

import faust
from aiokafka import AIOKafkaConsumer
from faust.cli.agents import agents as agents_command
from faust.transport import drivers
from faust.transport.consumer import ConsumerMessage
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.utils.futures import maybe_async
from msgspec import Struct

SCHEME = "crossbook"
MOST_RECORDS = 500
"""Records in a batch: enough that the cost of a hop vanishes, few enough that other partitions soon have their turn."""

_FETCH_WAIT_MS = 100
"""How long a broker may hold a fetch open; data ends it at once. Faust fixes 1500, which delays shutdown."""

_FULL_S = 0.02
"""How long a stage whose buffers are full is left alone."""


class Batch(Struct, gc=False):
    """What queued up on one partition. `generation` tells batches fetched before a rebalance from those after it."""

    topic: str
    partition: int
    generation: int
    highwater: int
    """End of the partition when the batch was fetched: the offset that the next record will get."""
    records: list[Any]


class Progress(dict[TP, int]):
    """Topic and partition -> the offset to commit: all below it is done, its outputs and state acknowledged."""


class BatchTopic(faust.Topic):
    """Passes a batch on as the event's value: decoding is the stage's, record by record."""

    def get_topic_name(self) -> str:
        """For `faust agents`, which otherwise cannot name several."""
        return ", ".join(self.topics)

    async def decode(self, message: Any, *, propagate: bool = False) -> Any:
        return self._create_event(None, message.value, headers={}, message=message)


class _NoThread(driver.AIOKafkaConsumerThread):
    """What Faust runs in a thread with a loop of its own runs in the worker's: two changes of thread a fetch cost more
    than the fetch, and a busy stage made each of them wait for the interpreter's lock."""

    async def start(self) -> None:
        self._thread_started.set()
        await self._default_start()

    async def call_thread(self, fun: Any, *args: Any, **kwargs: Any) -> Any:
        return await maybe_async(fun(*args, **kwargs))

    async def _stop_children(self) -> None:
        await self.on_thread_stop()
        await self._default_stop_children()
        self.set_shutdown()

    async def _stop_futures(self) -> None:
        await self._default_stop_futures()

    async def _stop_exit_stacks(self) -> None:
        await self._default_stop_exit_stacks()

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Any,
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's signature
        max_records: int | None = None,
    ) -> Any:
        """Faust passes its own set and empties it when it pauses; aiokafka takes an empty set for all partitions, and
        what was fetched of those would be thrown away: messages nobody saw, and offsets that were passed."""
        chosen = frozenset(active_partitions)
        return await super()._fetch_records(consumer, chosen, timeout, max_records) if chosen else {}

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS
        return consumer


class BatchConsumer(driver.Consumer):
    """Faust's consumer with three changes: `getmany` yields batches, commits follow `app.progress`, and nothing is
    fetched before it is sought.

    Faust resumes the stream's partitions, then seeks them, then clears every queue: what was fetched in between is
    thrown away, and its second delivery is dropped as seen. Here they are resumed last of all.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._held: set[TP] = set()
        super().__init__(*args, **kwargs)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        batched = {tp for tp in tps if tp.topic in self.app.batched}
        self._held |= batched
        super().resume_partitions(set(tps) - batched)

    def pause_partitions(self, tps: Iterable[TP]) -> None:
        self._held -= set(tps)
        super().pause_partitions(tps)

    def resume_flow(self) -> None:
        super().resume_flow()
        held, self._held = self._held, set()
        super().resume_partitions(held)

    def _new_consumer_thread(self) -> _NoThread:
        return _NoThread(self, loop=self.loop, thread_loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109 - Faust's signature
        if self.flow_active and not self._get_active_partitions():  # every buffer is full: Faust would wait a second
            await self.sleep(_FULL_S)
            return
        records, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        if records is None or self.should_stop:
            return
        if not self.flow_active:  # a rebalance began: what was fetched is fetched again from the committed offsets
            await self.perform_seek()
            return
        for tp, found in records.items():
            if active is not None and tp not in active and tp not in self._buffered_partitions:
                continue
            for message in self._messages(tp, found, generation):
                if not self.flow_active or self.app.consumer_generation_id != generation:
                    return
                yield tp, message

    def _messages(self, tp: TP, records: list[Any], generation: int) -> Iterator[Any]:
        if tp.topic not in self.app.batched:
            for record in records:  # changelogs: recovery reads them one by one
                self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
                yield self._to_message(tp, record)
            return
        for start in range(0, len(records), MOST_RECORDS):
            chunk = records[start : start + MOST_RECORDS]
            last = chunk[-1]
            batch = Batch(tp.topic, tp.partition, generation, self.highwater(tp) or last.offset + 1, chunk)
            yield ConsumerMessage(
                tp.topic,
                tp.partition,
                last.offset,
                last.timestamp / 1000.0,
                last.timestamp_type,
                None,
                None,
                batch,
                None,
                0,
                0,
                tp,
                generation_id=generation,
            )

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in list(self.app.progress) if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        return cast(int | None, self.app.progress.get(tp))


class Transport(driver.Transport):
    Consumer = BatchConsumer


def _all_agents(command: Any, *, local: bool = False) -> list[Any]:
    """`faust agents` knows one app; a worker of ours is several."""
    return [agent for app in (command.app, *command.app.neighbours) for agent in app.agents.values()]


class StageApp(faust.App):
    """A Faust app for one stage: batched topics, commits by `progress`."""

    neighbours: tuple["StageApp", ...] = ()
    """The other stages of this worker."""
    failed = False
    """The stage stops: what it did since the last checkpoint may be half done and must not be committed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        drivers.TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"
        agents_command.agents = _all_agents
        self.batched: set[str] = set()
        self.progress = Progress()
        super().__init__(*args, **kwargs)

    def batch_topic(self, names: list[str]) -> BatchTopic:
        """The channels an agent reads, as batches. Acks are off: `progress` alone decides what is committed."""
        self.batched.update(names)
        return BatchTopic(self, topics=names, acks=False, value_serializer="raw", key_serializer="raw")

    def current(self, batch: Batch) -> bool:
        """Whether the batch was fetched in the present assignment; an older one belongs to somebody else now."""
        return bool(batch.generation == self.consumer_generation_id)

    def put_state(self, table: Any, partition: int, key: str, value: bytes | None) -> None:
        """Mirrors an acknowledged changelog record in the table's own memory, as recovery would."""
        store = table.data
        if value is None:
            store.data.pop(key.encode(), None)
            store._key_partition.pop(key.encode(), None)
        else:
            store.data[key.encode()] = value
            store._key_partition[key.encode()] = partition

    def states(self, table: Any, partition: int) -> dict[str, bytes]:
        """What recovery found for one partition: key -> state."""
        store = table.data
        return {key.decode(): value for key, value in store.data.items() if store._key_partition.get(key) == partition}
