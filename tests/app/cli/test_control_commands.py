"""The operator speaks, real workers' ends of the control bus answer, on a real Kafka."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from app.assembly import create_channels
from app.broker.connection import client_arguments
from app.domain.control import Pause, Resume, Status
from app.domain.market_data import Rule, RulesChanged
from app.engine.codec import decoder, market_message
from app.engine.control import ControlBus
from app.engine.outbox import Outbox
from app.operator.bus import ask, gates, key_of, new_command_id
from app.operator.kafka_door import producer
from app.settings import Settings
from channels import ALL, MARKET_DATA
from tests.builders import START, book

pytestmark = pytest.mark.broker


class Runtime:
    """As much of a stage's runtime as the control bus touches."""

    def __init__(self, name: str) -> None:
        self.stage = type("Stage", (), {"name": name})()
        self.gate = asyncio.Event()
        self.gate.set()
        self.counts = Counter(messages=3)
        self.tap = None


@asynccontextmanager
async def worker(settings: Settings, *names: str) -> AsyncIterator[list[Runtime]]:
    outbox = Outbox(client_arguments(settings))
    runtimes = [Runtime(name) for name in names]
    bus = ControlBus(settings, client_arguments(settings), outbox, lambda share, _: share)
    bus.attach(runtimes, None)  # type: ignore[arg-type]
    task = asyncio.create_task(bus.run())
    try:
        yield runtimes
    finally:
        await bus.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await outbox.stop()


@pytest.fixture
async def settings(broker: str, namespace: str) -> Settings:
    found = Settings(broker=broker, namespace=namespace, partitions=3)
    await create_channels(found, ALL)
    return found


def on(settings: Settings) -> dict[str, str]:
    return {"broker": settings.broker, "namespace": settings.namespace, "partitions": "3"}


async def run(crossbook: Any, *arguments: str, **settings: str) -> Any:
    return await asyncio.to_thread(crossbook, *arguments, **settings)


async def test_a_pause_reaches_its_stage_and_is_answered(crossbook, settings):
    async with worker(settings, "decide", "execute") as (decide, execute):
        paused = await run(crossbook, "control", "pause", "execute", "--json", **on(settings))
        gates_paused = decide.gate.is_set(), execute.gate.is_set()
        resumed = await run(crossbook, "control", "resume", "execute", **on(settings))

        assert gates_paused == (True, False)
        assert execute.gate.is_set()
        (answer,) = paused.json
        assert answer["state"] == {"decide": "working messages=3", "execute": "paused messages=3"}
        assert "working" in resumed.out


async def test_a_pause_said_while_nobody_listens_times_out_and_holds_for_who_comes(crossbook, settings):
    answer = await run(crossbook, "control", "pause", "decide", "--timeout", "0.5", **on(settings))

    async with worker(settings, "decide") as (decide,):
        answers = await ask(settings, Status(new_command_id()), 20.0)

        assert answer.code == 5
        assert "is one running" in answer.err
        assert answers[0].state["decide"].startswith("paused")
        assert not decide.gate.is_set()
    assert await gates(settings) == {"decide": "paused", "execute": "open", "account": "open"}


async def test_status_knows_lag_workers_and_gates_and_says_not_available_of_what_it_cannot_know(crossbook, settings):
    async with producer(settings) as sender:
        key, value, headers = market_message(book())
        await sender.send_and_wait(MARKET_DATA.topic(settings), value, key=key, headers=headers)
    async with worker(settings, "decide"):
        answer = await run(crossbook, "status", "--json", **on(settings))
        table = await run(crossbook, "status", **on(settings))

    stages = {stage["stage"]: stage for stage in answer.json["stages"]}
    assert answer.code == 0
    assert stages["decide"]["lag"] is None  # there is a message, and the group never said how far it is
    assert stages["execute"]["lag"] == 0  # there is nothing to be behind of
    assert [stages[name]["workers"] for name in ("decide", "execute")] == [1, 0]
    assert len(answer.json["workers"]) == 1
    assert "N/A" in table.out


async def test_status_without_a_worker_ends_with_3_and_knows_no_gate_but_of_a_run_that_is_over_it_is_well(
    crossbook, settings, write
):
    nobody = await run(crossbook, "status", "--timeout", "0.5", "--json", **on(settings))
    folder = (await write(run="over")).parent
    going = await run(crossbook, "status", "--timeout", "0.5", "--run", "latest", **on(settings))
    (folder / "report.html").touch()
    over = await run(crossbook, "status", "--timeout", "0.5", "--run", "latest", **on(settings))

    assert (nobody.code, going.code, over.code) == (3, 3, 0)
    assert {stage["gate"] for stage in nobody.json["stages"]} == {None}
    assert "no worker of namespace" in nobody.err


async def test_rules_go_into_every_partition_in_its_own_event_time(crossbook, settings, tmp_path):
    table = tmp_path / "routing.toml"
    table.write_text('otherwise = "join"\n[[rules]]\npair = "BTC/*"\nto = "order_books.majors"\n')
    async with producer(settings) as sender:
        key, value, headers = market_message(book())
        topic = MARKET_DATA.topic(settings)
        await sender.send_and_wait(topic, value, key=key, headers=headers, partition=1)

    answer = await run(crossbook, "control", "rules", str(table), "--json", **on(settings))

    assert answer.code == 0, answer.err
    changes = [body for body in await market_data(settings) if isinstance(body, RulesChanged)]
    assert len(changes) == 3
    assert {change.version for change in changes} == {answer.json["version"]}
    assert {change.rules for change in changes} == {
        (Rule("*", "BTC/*", "order_books.majors"), Rule("*", "*", "join")),
    }  # fmt: skip
    assert [change.received_time for change in changes if change.sequence == 1] == [START]
    assert answer.json["channels"] == ["order_books.majors"]
    async with AIOKafkaConsumer(**client_arguments(settings)) as client:
        assert f"{settings.namespace}.order_books.majors" in await client.topics()


async def market_data(settings: Settings) -> list[Any]:
    places = [TopicPartition(MARKET_DATA.topic(settings), number) for number in range(3)]
    decode = decoder(MARKET_DATA.name, MARKET_DATA.message)
    async with AIOKafkaConsumer(**client_arguments(settings), auto_offset_reset="earliest") as client:
        client.assign(places)
        count = sum((await client.end_offsets(places)).values())
        return [decode(await client.getone())[0] for _ in range(count)]


def test_pause_and_resume_of_a_stage_share_a_key_so_that_compaction_keeps_the_later():
    assert key_of(Pause("1", "decide")) == key_of(Resume("2", "decide")) == "gate/decide"
    assert key_of(Pause("1", "all")) != key_of(Pause("1", "decide"))
