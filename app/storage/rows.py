"""What each message becomes in the ledger.

Rows of one key commute: order and result, opening and close, start and end of a near miss may come in any order and any
number of times. The law is tested in tests/routes/test_channel_adapter.py.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from app.domain.execution import TradeResult
from app.domain.failure import DeadLetter, InvalidMessage
from app.domain.market_data import Book, Level
from app.domain.message import Origin
from app.domain.money import decimal
from app.domain.opportunity import NearMiss, OpportunityClosed, OpportunityOpened, Tally
from app.domain.order import FeedEnded, TradeOrder
from app.storage.tables import (
    DeadLetterRow,
    InvalidMessageRow,
    MarketDataRow,
    NearMissRow,
    OpportunityRow,
    TallyRow,
)
from app.storage.trade_rows import feed_ended, order, result
from app.storage.upsert import Upsert

Mapper = Callable[[Any, Origin], list[Upsert]]

_OPENED = ("ask", "bid", "gross_edge_bps", "net_edge_bps", "amount", "expected_profit", "refused")
_CLOSED = ("closed_at", "ended", "paying_instants", "best_net_edge_bps")


def quote(book: Book, origin: Origin) -> list[Upsert]:
    """Raises Reject where a price or size is no number."""
    values = {
        "venue": book.venue,
        "pair": book.pair,
        "received_time": book.received_time,
        "exchange_time": book.exchange_time,
        **_side("bid", book.best_bid),
        **_side("ask", book.best_ask),
    }
    return [Upsert(MarketDataRow, values)]


def opened(event: OpportunityOpened, origin: Origin) -> list[Upsert]:
    values = {
        "opportunity_id": event.opportunity_id,
        "pair": event.pair,
        "buy_venue": event.buy_venue,
        "sell_venue": event.sell_venue,
        "opened_at": event.opened_at,
        "ask": decimal(event.ask, field="ask"),
        "bid": decimal(event.bid, field="bid"),
        "gross_edge_bps": event.gross_edge_bps,
        "net_edge_bps": event.net_edge_bps,
        "amount": event.amount,
        "expected_profit": event.expected_profit,
        "refused": event.refused,
    }
    return [Upsert(OpportunityRow, values, update=_OPENED)]


def closed(event: OpportunityClosed, origin: Origin) -> list[Upsert]:
    values = {
        "opportunity_id": event.opportunity_id,
        "pair": event.pair,
        "buy_venue": event.buy_venue,
        "sell_venue": event.sell_venue,
        "opened_at": event.opened_at,
        "closed_at": event.closed_at,
        "ended": event.ended,
        "paying_instants": event.paying_instants,
        "best_net_edge_bps": event.best_net_edge_bps,
        "refused": "",
    }
    return [Upsert(OpportunityRow, values, update=_CLOSED)]


def near_miss(event: NearMiss, origin: Origin) -> list[Upsert]:
    """Told at a spell's start and again at its end: the longer telling holds."""
    values = {name: getattr(event, name) for name in NearMiss.__struct_fields__}
    grows = ("last_at", "instants", "best_gross_edge_bps", "detail")
    return [Upsert(NearMissRow, values, update=grows, newer=("last_at", "instants"))]


def tally(event: Tally, origin: Origin) -> list[Upsert]:
    """A row a name. Counts only grow, which decides between two tallies of one event time."""
    common = {"route": event.route, "pair": event.pair, "event_time": event.event_time}
    return [
        Upsert(
            TallyRow,
            {**common, "name": name, "count": count},
            update=("count", "event_time"),
            newer=("event_time", "count"),
        )
        for name, count in event.counts.items()
    ]


def dead_letter(body: DeadLetter, origin: Origin) -> list[Upsert]:
    values = {
        "dead_letter_id": body.dead_letter_id,
        "trade_id": body.trade_id,
        "channel": body.channel,
        "route": body.route,
        "venue": body.venue,
        "code": body.code,
        "detail": body.detail,
        "redeliveries": body.redeliveries,
        "failed_at": body.failed_at,
        "correlation_id": body.correlation_id,
        "wall_partition": origin.partition,
        "wall_offset": origin.offset,
    }
    return [Upsert(DeadLetterRow, values)]


def invalid_message(body: InvalidMessage, origin: Origin) -> list[Upsert]:
    return [Upsert(InvalidMessageRow, {name: getattr(body, name) for name in InvalidMessage.__struct_fields__})]


ROWS: Mapping[type, Mapper] = MappingProxyType(
    {
        Book: quote,
        OpportunityOpened: opened,
        OpportunityClosed: closed,
        NearMiss: near_miss,
        Tally: tally,
        TradeOrder: order,
        FeedEnded: feed_ended,
        TradeResult: result,
        DeadLetter: dead_letter,
        InvalidMessage: invalid_message,
    }
)
"""Every body of the channels that the account stage consumes -> its rows."""


def _side(name: str, level: Level | None) -> dict[str, Any]:
    if level is None:
        return {name: None, f"{name}_size": None}
    price, size = level
    return {name: decimal(price, field=name), f"{name}_size": decimal(size, field=f"{name}_size")}
