"""Dead letters, looked at and sent again: the ledger knows of them, Kafka has them to the byte."""

from dataclasses import dataclass
from datetime import UTC, datetime
from time import time_ns
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from app.broker.connection import client_arguments
from app.broker.topics import admin
from app.domain.errors import NotFound, Refuse, Reject
from app.domain.failure import DeadLetter
from app.domain.message import Origin
from app.domain.order import TradeOrder
from app.engine.codec import Headers, decoder, encode, headers
from app.operator.kafka_door import consumer, partitions, producer, record_at
from app.settings import Settings
from app.storage import queries
from app.storage.ledger import Ledger
from app.storage.tables import DeadLetterRow
from channels.dead_letters import DEAD_LETTERS
from channels.trade_orders import TRADE_ORDERS

_OVER = ("filled", "repaired", "exposed")

_letter = decoder(DEAD_LETTERS.name, DEAD_LETTERS.message)
_order = decoder(TRADE_ORDERS.name, TRADE_ORDERS.message)


@dataclass
class _Original:
    """A dead letter's message, as the record it was."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay sent."""

    order: TradeOrder
    origin: Origin
    redeliveries: int


async def row_of(ledger: Ledger, dead_letter_id: str) -> DeadLetterRow:
    """The ledger's row of a dead letter. Raises NotFound for an id it does not know."""
    row = await queries.dead_letter(ledger, dead_letter_id)
    if row is None:
        raise NotFound(f"no dead letter {dead_letter_id!r} in {ledger.name}; `crossbook dlq list` names them")
    return row


async def read(settings: Settings, row: DeadLetterRow) -> tuple[DeadLetter, Origin]:
    """The letter and its envelope from Kafka. Raises NotFound where retention or a purge has taken it."""
    topic = DEAD_LETTERS.topic(settings)
    record = await record_at(settings, topic, row.wall_partition, row.wall_offset)
    where = f"{topic}/{row.wall_partition}/{row.wall_offset}"
    if record is None:
        raise NotFound(
            f"dead letter {row.dead_letter_id} is not in Kafka any more ({where}): purged, or past retention"
        )
    letter, origin = _letter(record)
    if letter.dead_letter_id != row.dead_letter_id:
        raise NotFound(
            f"{where} holds {letter.dead_letter_id}, not {row.dead_letter_id}: this broker is not the one that the "
            "ledger was written from"
        )
    return letter, origin


async def replay(settings: Settings, ledger: Ledger, row: DeadLetterRow, at: int | None) -> Replayed:
    """Sends the order again as its next attempt, considered at event time `at` (ns; default: now).

    The trade's state is asked first. Raises Refuse, with a code, for what must not be sent again.
    """
    letter, letter_origin = await read(settings, row)
    order, origin = _original(letter)
    now = max(order.decided_at, time_ns() if at is None else at)
    await _may_go(ledger, letter, order, now, settings.max_redeliveries)
    again = msgspec.structs.replace(order, attempt=order.attempt + 1)
    envelope = Origin(
        f"{letter.dead_letter_id}/replay",
        letter.correlation_id,
        letter_origin.message_id,
        TRADE_ORDERS.name,
        0,
        0,
        now,
        (*origin.history, "dlq_replay"),
        0,
        origin.wall_cause_sent,
    )
    found = headers(envelope, replayed=letter.redeliveries + 1)
    async with producer(settings) as sender:
        topic = TRADE_ORDERS.topic(settings)
        await sender.send_and_wait(topic, encode(again), key=again.account.encode(), headers=found)
    return Replayed(again, envelope, letter.redeliveries + 1)


def _original(letter: DeadLetter) -> tuple[TradeOrder, Origin]:
    if letter.channel != TRADE_ORDERS.name:
        raise Refuse(
            "NOT_AN_ORDER",
            f"{letter.dead_letter_id} died in {letter.channel}; only messages of trade_orders are replayed",
        )
    record = _Original(
        letter.channel, letter.partition, letter.offset, letter.key, letter.value, list(letter.headers)
    )  # fmt: skip
    try:
        body, origin = _order(record)
    except Reject as error:
        raise Refuse("UNREADABLE", f"the original of {letter.dead_letter_id} is no order: {error}") from None
    if not isinstance(body, TradeOrder):
        raise Refuse("NOT_AN_ORDER", f"the original of {letter.dead_letter_id} is a mark, not an order")
    return body, origin


async def _may_go(ledger: Ledger, letter: DeadLetter, order: TradeOrder, now: int, most: int) -> None:
    for attempt in await queries.trade(ledger, order.trade_id):
        if attempt.status in _OVER:
            raise Refuse(
                "ALREADY_CLOSED",
                f"trade {order.trade_id} is {attempt.status} (attempt {attempt.attempt}): nothing is left",
            )
        if attempt.attempt > order.attempt:
            state = attempt.status or "under way"
            raise Refuse(
                "ALREADY_REPLAYED",
                f"{letter.dead_letter_id} was replayed as attempt {attempt.attempt}, which is {state}; "
                "if that died too, replay its own dead letter",
            )
        if attempt.status is None:
            raise Refuse(
                "STILL_OPEN", f"attempt {attempt.attempt} of trade {order.trade_id} has no outcome yet; wait for it"
            )
    if letter.redeliveries >= most:
        raise Refuse(
            "TOO_MANY_REDELIVERIES",
            f"{letter.dead_letter_id} was replayed {letter.redeliveries} times, the most is {most} (max_redeliveries)",
        )
    if order.expires_at < now:
        late = (now - order.expires_at) // 1_000_000
        raise Refuse(
            "EXPIRED",
            f"trade {order.trade_id} expired {late:,} ms ago: its books are not there any more; an order of a replay "
            f"or demo has its recording's time: --at {_while_it_lived(order)} considers it then",
        )


def _while_it_lived(order: TradeOrder) -> str:
    """An event time for `--at` at which the order may still go: its decision's, rounded down to the millisecond."""
    seconds, milliseconds = divmod(order.decided_at // 10**6, 1_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}"


async def purge(settings: Settings) -> int:
    """Deletes all that is in the dead_letters channel now; how many. The ledger keeps its rows."""
    topic = DEAD_LETTERS.topic(settings)
    places = [TopicPartition(topic, number) for number in await partitions(settings, topic)]
    async with consumer(settings) as client:
        client.assign(places)
        begins, ends = await client.beginning_offsets(places), await client.end_offsets(places)
    async with admin(client_arguments(settings)) as client:
        wanted: dict[Any, Any] = {
            place: RecordsToDelete(ends[place]) for place in places if ends[place] > begins[place]
        }
        if wanted:
            await client.delete_records(wanted)
    return sum(ends[place] - begins[place] for place in places)
