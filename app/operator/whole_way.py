"""A message's whole way, from the tick it began with to the fills: the ledger knows where each message stands."""

from typing import NamedTuple

from sqlmodel import col, select

from app.domain.errors import NotFound, NotRunning
from app.operator.kafka_door import record_at
from app.operator.reachable import reachable
from app.settings import Settings
from app.storage.ledger import Ledger
from app.storage.tables import DeadLetterRow, FillRow, OpportunityRow, TradeOrderRow
from app.storage.trace import message, trace
from channels.market_data import MARKET_DATA


class Stop(NamedTuple):
    """One message on its way. None: not known."""

    depth: int
    """Messages between it and the tick."""
    channel: str
    partition: int | None
    offset: int | None
    route: str
    event_time: int | None
    sent_at: int | None
    """Wall clock, ns."""
    message_id: str


class Way(NamedTuple):
    """All that came of one tick."""

    stops: list[Stop]
    fills: list[FillRow]
    note: str
    """What could not be looked at; empty where all could."""


async def whole_way(ledger: Ledger, settings: Settings, identity: str) -> Way:
    """`identity` is the id of a message, a tick, a trade, an opportunity, a dead letter, or a client order id.

    Raises NotFound where the ledger knows none of these by it.
    """
    steps = await trace(ledger, await _message_id(ledger, identity))
    if not steps:
        raise NotFound(
            f"nothing is known of {identity!r} in {ledger.name}; `crossbook trades`, `crossbook dlq list` show ids"
        )
    messages = {step.message.message_id for step in steps}
    orders = await ledger.all(select(TradeOrderRow).where(col(TradeOrderRow.message_id).in_(messages)))
    correlation = steps[0].message.correlation_id
    tick, note = await _tick(settings, correlation, orders)
    below = [
        Stop(
            step.depth + 1,
            step.message.channel,
            step.message.partition,
            step.message.wall_offset,
            step.message.route,
            step.message.event_time,
            step.message.wall_sent or None,
            step.message.message_id,
        )
        for step in steps
    ]
    trades = {(order.trade_id, order.attempt) for order in orders}
    query = select(FillRow).where(col(FillRow.trade_id).in_({trade for trade, _ in trades}))
    found = await ledger.all(query.order_by(col(FillRow.at), col(FillRow.client_order_id), col(FillRow.number)))
    return Way([tick, *below], [fill for fill in found if (fill.trade_id, fill.attempt) in trades], note)


async def _tick(settings: Settings, identity: str, orders: list[TradeOrderRow]) -> tuple[Stop, str]:
    """The market data behind it all: its id is the correlation id; an order knows where it stands."""
    order = next(iter(orders), None)
    if order is None:
        stop = Stop(0, MARKET_DATA.name, None, None, "", None, None, identity)
        return stop, "no order came of it, and only orders say where in market_data it stands"
    partition, offset = order.market_data_partition, order.market_data_offset
    stop = Stop(0, MARKET_DATA.name, partition, offset, "", None, order.wall_tick, identity)
    try:
        reached = await reachable(settings)
    except NotRunning:
        return stop, "no broker is reachable: the market data itself was not looked at"
    record = await record_at(reached, MARKET_DATA.topic(reached), partition, offset)
    found = {} if record is None else dict(record.headers)
    if found.get("id", b"").decode(errors="replace") != identity:
        return stop, "the market data itself is not in Kafka any more"
    received, sent = int(found.get("received", 0)), int(found.get("sent", 0))
    return stop._replace(event_time=received or None, sent_at=sent or order.wall_tick), ""


async def _message_id(ledger: Ledger, identity: str) -> str:
    """The id of a message that leads to the whole way; `identity` itself where it is no other thing's id."""
    if await message(ledger, identity) is not None:
        return identity
    fill = await ledger.first(select(FillRow).where(FillRow.client_order_id == identity))
    trade = identity if fill is None else fill.trade_id
    order = await ledger.first(select(TradeOrderRow).where(TradeOrderRow.trade_id == trade))
    if order is None:
        order = await ledger.first(select(TradeOrderRow).where(TradeOrderRow.opportunity_id == identity))
    if order is not None:
        return order.message_id
    letter = await ledger.first(select(DeadLetterRow).where(DeadLetterRow.dead_letter_id == identity))
    if letter is not None:
        return letter.correlation_id
    opportunity = await ledger.first(select(OpportunityRow).where(OpportunityRow.opportunity_id == identity))
    # an opportunity is named `pair:direction@tick`; it was refused, or there would be an order
    return identity if opportunity is None else identity.rpartition("@")[2]
