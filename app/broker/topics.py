"""Topics: made before anybody uses them, with a stated number of partitions; removed by prefix."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    KafkaError,
    LeaderNotAvailableError,
    NoError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from app.broker.connection import ClientArguments
from app.domain.errors import ConfigurationError, Retry, TimedOut


@dataclass(frozen=True)
class TopicSpec:
    """A topic as it should be. `config`: Kafka's own names and text values, for example {"retention.ms": "60000"}."""

    name: str
    partitions: int
    replication: int = 1
    config: dict[str, str] = field(default_factory=dict)


async def create_topics(arguments: ClientArguments, specs: Iterable[TopicSpec], timeout: float = 30.0) -> list[str]:  # noqa: ASYNC109
    """Makes those that are missing, and waits until every partition of all has a leader. Returns the names it made.

    Raises ConfigurationError when a topic is there with another number of partitions or cannot be made as specified,
    TimedOut after `timeout` seconds, Retry when the broker goes away.
    """
    wanted = {spec.name: spec for spec in specs}
    deadline = time.monotonic() + timeout
    async with admin(arguments) as client:
        there = {name: len(topic["partitions"]) for name, topic in (await _described(client, list(wanted))).items()}
        missing = [spec for name, spec in wanted.items() if name not in there]
        made = await _create(client, missing) if missing else []
        while True:
            topics = await _described(client, list(wanted))
            for name, topic in topics.items():
                _same_partitions(wanted[name], len(topic["partitions"]))
            waiting = sorted(name for name in wanted if name not in topics or not _led(topics[name]))
            if not waiting:
                return made
            if time.monotonic() > deadline:
                raise TimedOut(f"no leader within {timeout:g} s for topic {', '.join(waiting)}; is every broker up?")
            await asyncio.sleep(0.05)


async def delete_topics(arguments: ClientArguments, prefix: str, timeout: float = 30.0) -> list[str]:  # noqa: ASYNC109
    """Deletes every topic whose name starts with `prefix` (end it with a separator) and waits until they are gone.

    Returns their names. Raises ConfigurationError for an empty prefix, TimedOut, Retry when the broker goes away.
    """
    if not prefix:
        raise ConfigurationError("an empty prefix would delete every topic; name one, such as 'crossbook.'")
    deadline = time.monotonic() + timeout
    async with admin(arguments) as client:
        names = await _starting_with(client, prefix)
        if names:
            answer = await client.delete_topics(names)
            for name, code in answer.topic_error_codes:
                if for_code(code) not in (NoError, UnknownTopicOrPartitionError):
                    raise Retry(f"topic {name} was not deleted: {for_code(code).__name__}")
        while await _starting_with(client, prefix):
            if time.monotonic() > deadline:
                raise TimedOut(f"topics starting with {prefix} are still there after {timeout:g} s")
            await asyncio.sleep(0.05)
        return names


@asynccontextmanager
async def admin(arguments: ClientArguments) -> AsyncIterator[Any]:
    """An aiokafka admin client, started and closed; whatever Kafka raises inside comes out as Retry."""
    client = AIOKafkaAdminClient(**arguments)
    try:
        await client.start()
        yield client
    except (KafkaError, OSError, TimeoutError) as error:
        raise away(arguments, error) from error
    finally:
        await client.close()


def away(arguments: ClientArguments, error: Exception) -> Retry:
    """The Retry for an `error` of a client with these arguments, naming the broker."""
    servers = arguments["bootstrap_servers"]
    where = servers if isinstance(servers, str) else ", ".join(servers)
    return Retry(f"broker {where}: {str(error) or type(error).__name__}")


async def _create(client: Any, specs: Sequence[TopicSpec]) -> list[str]:
    new = [NewTopic(spec.name, spec.partitions, spec.replication, topic_configs=spec.config) for spec in specs]
    answer = await client.create_topics(new)
    made = []
    for name, code, detail in answer.topic_errors:
        error = for_code(code)
        if error is NoError:
            made.append(name)
        elif error is not TopicAlreadyExistsError:  # somebody else was quicker: looked at next
            if error.retriable:
                raise error(detail)
            raise ConfigurationError(f"topic {name} cannot be made: {error.__name__}: {detail}")
    return made


async def _described(client: Any, names: list[str]) -> dict[str, Any]:
    if not names:
        return {}  # an empty list would describe all
    topics: list[dict[str, Any]] = await client.describe_topics(names)
    known = (NoError, LeaderNotAvailableError)
    return {topic["topic"]: topic for topic in topics if for_code(topic["error_code"]) in known}


async def _starting_with(client: Any, prefix: str) -> list[str]:
    return sorted(name for name in await client.list_topics() if name.startswith(prefix))


def _led(topic: dict[str, Any]) -> bool:
    return all(row["error_code"] == 0 and row["leader"] >= 0 for row in topic["partitions"])


def _same_partitions(spec: TopicSpec, there: int) -> None:
    if there != spec.partitions:
        raise ConfigurationError(
            f"topic {spec.name} has {there} partitions and {spec.partitions} are wanted; "
            "set CROSSBOOK_PARTITIONS to what is there, or use another CROSSBOOK_NAMESPACE"
        )
