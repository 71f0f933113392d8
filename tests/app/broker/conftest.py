"""Brokers of a test's own, for tests that kill them."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.broker.embedded import EmbeddedBroker
from app.broker.topics import TopicSpec, create_topics


@pytest.fixture
def home(kafka_jars: Path, tmp_path: Path) -> Path:
    """A Crossbook home that has the jars already."""
    (tmp_path / "kafka").symlink_to(kafka_jars.parent.parent)
    return tmp_path


@pytest.fixture
def make_broker(home: Path) -> Iterator[Callable[..., EmbeddedBroker]]:
    """Makes EmbeddedBrokers of `home`; whatever runs there at the end of the test is ended."""

    def make(**options: Any) -> EmbeddedBroker:
        return EmbeddedBroker(home / "broker", **options)

    yield make
    make().stop(found=True)


class Client:
    """Writes and reads one partition, as anybody would."""

    def __init__(self, url: str) -> None:
        self.arguments = {"bootstrap_servers": url.removeprefix("kafka://")}

    async def write(self, *values: bytes, topic: str = "things") -> None:
        await create_topics(self.arguments, [TopicSpec(topic, 1)])
        async with AIOKafkaProducer(**self.arguments, acks="all") as producer:
            for value in values:
                await producer.send_and_wait(topic, value)

    async def read(self, count: int, topic: str = "things") -> list[bytes]:
        async with AIOKafkaConsumer(**self.arguments, auto_offset_reset="earliest") as consumer:
            consumer.assign([TopicPartition(topic, 0)])
            return [(await consumer.getone()).value for _ in range(count)]


@pytest.fixture
def client() -> type[Client]:
    return Client


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], None]:
    """Polls until the condition is truthy; fails after 30 s."""

    def poll(condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + 30.0
        while not condition():
            assert time.monotonic() < deadline, "waited 30 s in vain"
            time.sleep(0.02)

    return poll
