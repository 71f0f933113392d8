"""The file that leans on Faust's internals: the version it was written for, and what it does on a real Kafka."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from faust.types import TP

from app.broker.connection import client_arguments
from app.broker.offsets import Offsets
from app.broker.topics import TopicSpec, create_topics
from app.engine.agent import build
from app.engine.codec import encode
from app.engine.outbox import Outbox
from app.engine.stage import Stage
from app.engine.step import Step
from app.engine.transport import MOST_RECORDS, Batch, _NoThread
from app.engine.worker import WorkerApp
from app.settings import Settings, load
from routes.dead_letter_channel import dead_letter_channel
from routes.invalid_message_channel import invalid_message_channel
from tests.app.engine.doubles import THINGS, Thing, headers_of

COUNT = 3 * MOST_RECORDS + 20


def test_faust_is_the_version_whose_internals_are_used() -> None:
    assert version("faust-streaming") == "0.15.3"
    assert version("aiokafka") == "0.14.0"


@pytest.mark.broker
async def test_batches_are_bounded_whole_and_committed_no_further_than_was_said(
    broker: str, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.engine.worker._leave_by", lambda _: None)  # a stopped worker's process ends; ours goes on
    settings = load(broker=broker, namespace=namespace, home=tmp_path, partitions=1)
    await _filled(settings)
    held: list[Batch] = []

    async with _working(settings, held.append) as app:
        await _until(lambda: sum(len(batch.records) for batch in held) >= COUNT)
        tp = TP(THINGS.topic(settings), 0)
        app.progress[tp] = 777
        async with Offsets(client_arguments(settings)) as offsets:
            await _until_async(lambda: _committed(offsets, app), 777)
            committed = await _committed(offsets, app)
        assert app.current(held[-1])
        app.consumer_generation_id += 1
        assert not app.current(held[-1])
        app.consumer_generation_id -= 1

    assert [record.offset for batch in held for record in batch.records] == list(range(COUNT))
    assert max(len(batch.records) for batch in held) <= MOST_RECORDS
    assert {batch.topic for batch in held} == {THINGS.topic(settings)}
    assert committed == 777

    again: list[Batch] = []
    async with _working(settings, again.append):
        await _until(lambda: sum(len(batch.records) for batch in again) >= COUNT - 777)
    assert again[0].records[0].offset == 777  # what was read and not said to be done comes again
    assert again[0].highwater == COUNT


async def test_partitions_that_are_paused_while_a_fetch_waits_lose_nothing() -> None:
    active, asked = {TP("changelog", 0)}, []

    class Fetcher:
        """aiokafka's, which takes no partitions for all partitions."""

        _closed = False
        _subscriptions = SimpleNamespace(fetch_context=nullcontext)

        async def fetched_records(self, partitions: Any, **_: Any) -> dict[TP, list[str]]:
            active.clear()  # recovery is over, and Faust pauses the changelogs
            asked.append(set(partitions))
            return {}

    thread = _NoThread.__new__(_NoThread)
    thread.consumer = SimpleNamespace(flow_active=True)
    consumer = SimpleNamespace(_closed=False, _fetcher=Fetcher())

    await thread._fetch_records(consumer, active, timeout=0.1)
    await thread._fetch_records(consumer, active, timeout=0.1)

    assert asked == [{TP("changelog", 0)}]  # and the second time nobody was asked, for nothing was active


async def _filled(settings: Settings) -> None:
    arguments = client_arguments(settings)
    await create_topics(arguments, [TopicSpec(THINGS.topic(settings), 1)])
    async with AIOKafkaProducer(**arguments, max_batch_size=262_144) as producer:
        for number in range(COUNT):
            value = encode(Thing("A/B", number))
            await producer.send(THINGS.topic(settings), value, key=b"A/B", headers=headers_of(f"m{number}"))


@asynccontextmanager
async def _working(settings: Settings, taken: Callable[[Batch], Any]) -> AsyncIterator[WorkerApp]:
    """A stage in this process whose runtime takes batches and commits nothing by itself."""
    stage = Stage(
        "s", "sink", (THINGS,), (), (Step("none", "Test", lambda *_: ()),),
        invalid_message_channel(), dead_letter_channel(),
    )  # fmt: skip
    outbox = Outbox(client_arguments(settings))

    async def write(_: Any) -> None:
        raise AssertionError("nothing to write")

    app = build(stage, settings, outbox, write)
    app.finalize()

    async def take(batch: Batch) -> None:
        taken(batch)

    app.runtime.take = take  # type: ignore[method-assign]
    await app.start()
    try:
        yield app
    finally:
        await app.stop()
        await outbox.stop()


async def _committed(offsets: Offsets, app: WorkerApp) -> int:
    found = await offsets.committed_offsets(app.conf.id)
    return next((offset for (topic, _), offset in found.items() if topic.endswith(".things")), 0)


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited 30 s in vain"
        await asyncio.sleep(0.02)


async def _until_async(look: Callable[[], Any], expected: int) -> None:
    deadline = time.monotonic() + 30
    while await look() != expected:
        assert time.monotonic() < deadline, "waited 30 s in vain"
        await asyncio.sleep(0.02)
