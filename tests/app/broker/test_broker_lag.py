"""Lag on a real Kafka: how many wait, and since when, for groups that nobody is in."""

import time

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.broker.connection import client_arguments
from app.broker.lag import LagReader
from app.broker.topics import TopicSpec, create_topics
from app.domain.lag import Depth
from app.settings import Settings, load
from app.telemetry.lag_watch import LagWatch, Watched

pytestmark = pytest.mark.broker


@pytest.fixture
def settings(broker: str, namespace: str) -> Settings:
    return load(broker=broker, namespace=namespace)


@pytest.fixture
async def channel(settings: Settings) -> str:
    """A topic with three messages, 20, 10 and 0 s old, of which the group `<topic>.g` has done one."""
    arguments = client_arguments(settings)
    topic = f"{settings.namespace}.things"
    await create_topics(arguments, [TopicSpec(topic, 2), TopicSpec(f"{settings.namespace}.dead_letters", 1)])
    async with AIOKafkaProducer(**arguments) as producer:
        for age in (20, 10, 0):
            at = int((time.time() - age) * 1000)
            await producer.send_and_wait(topic, b"x", partition=0, timestamp_ms=at)
    place = TopicPartition(topic, 0)
    async with AIOKafkaConsumer(**arguments, group_id=f"{topic}.g", enable_auto_commit=False) as consumer:
        consumer.assign([place])
        await consumer.commit({place: 1})
    return topic


async def test_lag_is_counted_in_messages_and_from_the_oldest_that_waits(settings: Settings, channel: str) -> None:
    watch = LagWatch([Watched("s", f"{channel}.g", {"things": channel})], f"{settings.namespace}.dead_letters")

    async with LagReader(client_arguments(settings)) as reader:
        waiting, idle = await watch.look(reader)

    assert (waiting.messages, waiting.committed, waiting.end) == (2, 1, 3)
    assert waiting.seconds == pytest.approx(10, abs=5)
    assert (idle.messages, idle.seconds, idle.committed, idle.word) == (0, 0, None, "OK")
    assert watch.depth == Depth(0, None)


async def test_a_group_that_does_not_move_stalls_and_is_well_when_it_has_caught_up(
    settings: Settings, channel: str
) -> None:
    watch = LagWatch([Watched("s", f"{channel}.g", {"things": channel})], f"{settings.namespace}.dead_letters")
    place = TopicPartition(channel, 0)

    async with LagReader(client_arguments(settings)) as reader:
        await watch.look(reader)
        stalled = (await watch.look(reader))[0]
        async with AIOKafkaConsumer(
            **client_arguments(settings), group_id=f"{channel}.g", enable_auto_commit=False
        ) as consumer:
            consumer.assign([place])
            await consumer.commit({place: 3})
        well = (await watch.look(reader))[0]

    assert (stalled.word, well.word, well.messages, well.seconds) == ("STALL", "OK", 0, 0)


async def test_what_lies_in_a_channel_is_counted_from_its_oldest(settings: Settings, channel: str) -> None:
    async with LagReader(client_arguments(settings)) as reader:
        depth = await reader.depth(channel)

    assert depth.messages == 3
    assert depth.oldest_at == pytest.approx(time.time() - 20, abs=5)


async def test_a_channel_that_is_not_there_is_left_out(settings: Settings) -> None:
    watch = LagWatch([Watched("s", "g", {"things": f"{settings.namespace}.none"})], f"{settings.namespace}.none")

    async with LagReader(client_arguments(settings)) as reader:
        assert await watch.look(reader) == []
    assert watch.depth is None
