"""A dead order is looked at, sent again, refused, and deleted, on a real Kafka."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from app.assembly import create_channels
from app.broker.connection import client_arguments
from app.domain.failure import Attempt, DeadLetter
from app.domain.message import Origin
from app.domain.order import TradeOrder
from app.engine.codec import decoder, encode, headers
from app.operator.kafka_door import producer
from app.settings import Settings
from channels import ALL, DEAD_LETTERS, TRADE_ORDERS
from tests.app.storage.builders import START, order, origin, result

pytestmark = pytest.mark.broker

TICK = "rec:a:BTC/USDT:41"


class Dead(NamedTuple):
    """One dead letter where it would stand: in Kafka and in the ledger."""

    settings: Settings
    letter: DeadLetter
    message_id: str


@pytest.fixture
def die(broker: str, namespace: str, write: Callable[..., Any]) -> Callable[..., Any]:
    settings = Settings(broker=broker, namespace=namespace, partitions=2)

    async def dead(status: str = "failed", attempt: int = 1, **changes: Any) -> Dead:
        await create_channels(settings, ALL)
        body = order("t1", attempt=attempt)
        asked = origin(f"{TICK}/sizing.0", correlation_id=TICK, causation_id=TICK, channel="trade_orders")
        letter = DeadLetter(
            f"t1#{attempt}", "trade_orders", 1, 5, b"paper", encode(body), tuple(headers(asked)), TICK,
            "process_manager", "VENUE_REFUSED", "b says no", (Attempt(1, START, "VENUE_REFUSED", "no"),),
            attempt - 1, START, "t1", "b",
        )  # fmt: skip
        letter = msgspec.structs.replace(letter, **changes)
        envelope = Origin(f"{TICK}/sizing.0/process_manager.dead#1", TICK, f"{TICK}/sizing.0", "", 0, 0, START)
        async with producer(settings) as sender:
            topic = DEAD_LETTERS.topic(settings)
            sent = await sender.send_and_wait(topic, encode(letter), key=b"t1", headers=headers(envelope))
        place = msgspec.structs.replace(envelope, channel="dead_letters", offset=sent.offset)
        settled = result(status=status, legs=(), profit=None, balances=())
        settled = msgspec.structs.replace(settled, order=body)
        await write((letter, place), (settled, origin("r1", causation_id=asked.message_id)))
        return Dead(settings, letter, envelope.message_id)

    return dead


async def sent_orders(settings: Settings) -> list[tuple[TradeOrder, Origin]]:
    places = [TopicPartition(TRADE_ORDERS.topic(settings), number) for number in range(2)]
    decode = decoder(TRADE_ORDERS.name, TRADE_ORDERS.message)
    async with AIOKafkaConsumer(**client_arguments(settings), auto_offset_reset="earliest") as client:
        client.assign(places)
        count = sum((await client.end_offsets(places)).values())
        return [decode(await client.getone()) for _ in range(count)]


@pytest.fixture
def dlq(crossbook, broker: str, namespace: str):
    return lambda *arguments: crossbook("dlq", *arguments, broker=broker, namespace=namespace)


async def test_a_dead_order_is_sent_again_as_its_next_attempt(die, dlq):
    dead = await die()

    answer = dlq("replay", "t1#1", "--at", str(START + 1), "--json")

    assert answer.code == 0, answer.err
    ((body, envelope),) = await sent_orders(dead.settings)
    assert (body.trade_id, body.attempt, body.legs) == ("t1", 2, order("t1").legs)
    assert (envelope.message_id, envelope.correlation_id) == ("t1#1/replay", TICK)
    assert (envelope.causation_id, envelope.event_time) == (dead.message_id, START + 1)
    assert answer.json["redeliveries"] == 1


async def test_a_dead_letter_is_shown_with_the_original_to_the_byte(die, dlq):
    dead = await die()

    listed, shown, table = dlq("list", "--json"), dlq("show", "t1#1", "--json"), dlq("show", "t1#1")

    assert [row["dead_letter_id"] for row in listed.json] == ["t1#1"]
    assert shown.json["original"].encode() == dead.letter.value
    assert shown.json["attempts"][0]["code"] == "VENUE_REFUSED"
    assert shown.json["headers"]["correlation"] == TICK
    assert "b says no" in table.out


@pytest.mark.parametrize(
    ("given", "at", "code"),
    [
        ({"status": "filled"}, START, "ALREADY_CLOSED"),
        ({"status": "repaired"}, START, "ALREADY_CLOSED"),
        ({"status": "exposed"}, START, "ALREADY_CLOSED"),
        ({"status": "failed"}, START + 2 * 10**9, "EXPIRED"),
        ({"status": "failed", "attempt": 4}, START, "TOO_MANY_REDELIVERIES"),
        ({"status": "failed", "channel": "opportunities"}, START, "NOT_AN_ORDER"),
        ({"status": "failed", "value": b"{"}, START, "UNREADABLE"),
    ],
)
async def test_what_must_not_be_sent_again_is_refused_with_its_code(die, dlq, given, at, code):
    dead = await die(**given)

    answer = dlq("replay", dead.letter.dead_letter_id, "--at", str(at))

    assert answer.code == 1
    assert code in answer.err
    assert await sent_orders(dead.settings) == []


async def test_an_order_is_too_old_by_the_wall_clock_where_no_time_is_given(die, dlq):
    await die()

    answer = dlq("replay", "t1#1")

    assert answer.code == 1
    assert "EXPIRED" in answer.err


async def test_of_a_recorded_order_the_refusal_says_which_time_to_give(die, dlq):
    dead = await die()

    refused = dlq("replay", "t1#1")
    when = refused.err.partition("--at ")[2].split()[0]
    again = dlq("replay", "t1#1", "--at", when, "--json")

    assert again.code == 0, again.err
    assert again.json["event_time"] == order("t1").decided_at
    assert len(await sent_orders(dead.settings)) == 1


async def test_a_replay_whose_outcome_is_not_known_yet_is_not_repeated(die, dlq, write):
    dead = await die()
    again = origin("t1#1/replay", channel="trade_orders", causation_id=dead.message_id)
    await write((order("t1", attempt=2), again))

    answer = dlq("replay", "t1#1", "--at", str(START))

    assert answer.code == 1
    assert "ALREADY_REPLAYED" in answer.err
    assert "attempt 2" in answer.err


async def test_after_a_purge_the_ledger_knows_of_a_dead_letter_that_cannot_be_replayed(die, dlq):
    await die()

    purged, shown, replayed = dlq("purge", "--yes", "--json"), dlq("show", "t1#1"), dlq("replay", "t1#1")

    assert purged.json == {"purged": 1}
    assert "not in Kafka any more" in shown.out.replace("\n", " ")
    assert replayed.code == 1
    assert len(dlq("list", "--json").json) == 1
