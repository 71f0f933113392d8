"""Topics are made once, as specified, and how far everybody is can be asked."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from app.broker.offsets import Offsets
from app.broker.topics import TopicSpec, create_topics, delete_topics
from app.domain.errors import ConfigurationError, Retry

pytestmark = pytest.mark.broker


@pytest.fixture
def arguments(broker: str) -> dict[str, object]:
    return {"bootstrap_servers": broker.removeprefix("kafka://")}


async def test_topics_are_made_once_with_partitions_and_configuration(arguments, namespace):
    spec = TopicSpec(f"{namespace}.books", 3, config={"retention.ms": "60000", "cleanup.policy": "compact"})

    first = await create_topics(arguments, [spec, TopicSpec(f"{namespace}.trades", 1)])
    second = await create_topics(arguments, [spec])

    assert first == [f"{namespace}.books", f"{namespace}.trades"]
    assert second == []
    async with Offsets(arguments) as offsets:
        assert await offsets.end_offsets([spec.name]) == {(spec.name, partition): 0 for partition in range(3)}
    admin = AIOKafkaAdminClient(**arguments)
    await admin.start()
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, spec.name)])
    await admin.close()
    configuration = {row[0]: row[1] for row in answers[0].resources[0][4]}
    assert configuration["retention.ms"] == "60000"
    assert configuration["cleanup.policy"] == "compact"


async def test_another_number_of_partitions_is_refused_with_both_numbers(arguments, namespace):
    name = f"{namespace}.books"
    await create_topics(arguments, [TopicSpec(name, 2)])

    with pytest.raises(ConfigurationError, match=f"topic {name} has 2 partitions and 4 are wanted"):
        await create_topics(arguments, [TopicSpec(name, 4)])


async def test_an_impossible_topic_is_refused_with_the_brokers_reason(arguments, namespace):
    with pytest.raises(ConfigurationError, match=r"cannot be made: InvalidConfigurationError: .*retention\.ms"):
        await create_topics(arguments, [TopicSpec(f"{namespace}.a", 1, config={"retention.ms": "soon"})])
    with pytest.raises(ConfigurationError, match="cannot be made: InvalidReplicationFactorError"):
        await create_topics(arguments, [TopicSpec(f"{namespace}.b", 1, replication=3)])


async def test_two_that_create_the_same_topics_at_once_both_succeed(arguments, namespace):
    specs = [TopicSpec(f"{namespace}.{number}", 2) for number in range(5)]

    made = await asyncio.gather(*[create_topics(arguments, specs) for _ in range(3)])

    assert sorted(name for names in made for name in names) == [spec.name for spec in specs]


async def test_deleting_takes_the_prefix_alone(arguments, namespace):
    names = [f"{namespace}.a", f"{namespace}.b", f"{namespace}2.c"]
    await create_topics(arguments, [TopicSpec(name, 1) for name in names])

    deleted = await delete_topics(arguments, f"{namespace}.")

    assert deleted == names[:2]
    assert await delete_topics(arguments, f"{namespace}2.") == names[2:]
    assert await delete_topics(arguments, f"{namespace}.") == []
    with pytest.raises(ConfigurationError, match="every topic"):
        await delete_topics(arguments, "")


async def test_a_deleted_topic_can_be_made_again_at_once_and_is_empty(arguments, namespace):
    name = f"{namespace}.again"
    for _ in range(2):
        await create_topics(arguments, [TopicSpec(name, 1)])
        async with AIOKafkaProducer(**arguments) as producer:
            sent = await producer.send_and_wait(name, b"x")
        await delete_topics(arguments, name)

        assert sent.offset == 0


async def test_one_connection_sees_ends_and_commits_advance(arguments, namespace):
    topic, group = f"{namespace}.books", f"{namespace}.group"
    await create_topics(arguments, [TopicSpec(topic, 2)])

    async with Offsets(arguments) as offsets, AIOKafkaProducer(**arguments) as producer:
        before = await offsets.committed_offsets(group)
        for number in range(3):
            await producer.send_and_wait(topic, b"x", partition=1)
            assert await offsets.end_offsets([topic]) == {(topic, 0): 0, (topic, 1): number + 1}
        async with AIOKafkaConsumer(**arguments, group_id=group, enable_auto_commit=False) as consumer:
            consumer.assign([TopicPartition(topic, 1)])
            await consumer.commit({TopicPartition(topic, 1): 2})
        after = await offsets.committed_offsets(group)

    assert before == {}
    assert after == {(topic, 1): 2}


async def test_offsets_of_a_topic_that_is_not_there_are_refused(arguments, namespace):
    async with Offsets(arguments) as offsets:
        with pytest.raises(ConfigurationError, match=f"topic {namespace} is not on the broker"):
            await offsets.end_offsets([namespace])


async def test_a_broker_that_went_away_is_worth_a_retry_and_the_same_object_goes_on(make_broker, client):
    broker = make_broker()
    mine = client(broker.start())
    await mine.write(b"x")

    async with Offsets(mine.arguments) as offsets:
        await offsets.committed_offsets("g")
        broker.stop()
        with pytest.raises(Retry, match=r"broker 127\.0\.0\.1"):
            await offsets.committed_offsets("g")
        broker.start()
        deadline = asyncio.get_running_loop().time() + 20.0
        while True:
            try:
                ends = await offsets.end_offsets(["things"])
                commits = await offsets.committed_offsets("g")
                break
            except Retry:
                assert asyncio.get_running_loop().time() < deadline

    assert ends == {("things", 0): 1}
    assert commits == {}
