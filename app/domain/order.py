"""What is asked of the venues: a trade order is one message with both legs."""

from decimal import Decimal
from hashlib import blake2b
from typing import Literal

from msgspec import Struct

from app.domain.market_data import Level
from app.domain.number import Whole

Side = Literal["buy", "sell"]


class Position(Struct, frozen=True):
    """A place in a channel."""

    channel: str
    partition: Whole
    offset: Whole


class Leg(Struct, frozen=True):
    """One venue's half of a trade: a limit order, immediate or cancel."""

    venue: str
    side: Side
    amount: Decimal
    """Base currency, > 0; of a buy whose fee is taken in base, grossed up so that the other leg is covered."""
    limit_price: Decimal
    """Quote currency, > 0: the worst level that sizing walked."""
    notional: Decimal
    """Quote currency, before fees, > 0: what sizing expects to pay or receive."""
    fee: Decimal
    """Expected fee, >= 0, in `fee_asset`."""
    fee_asset: str
    levels: tuple[Level, ...]
    """The side of the book the decision was made on, less what was withheld."""
    book_time: Whole
    """received_time of that book, ns."""


class TradeOrder(Struct, frozen=True, tag="order"):
    """One attempt at one opportunity. Times in event time, ns; money in quote currency."""

    trade_id: str
    opportunity_id: str
    account: str
    pair: str
    attempt: Whole
    """1, and one more with each replay from the dead letters."""
    decided_at: Whole
    expires_at: Whole
    legs: tuple[Leg, Leg]
    """The buy leg, then the sell leg."""
    expected_profit: Decimal
    """After fees, > 0."""
    gross_edge: Decimal
    """Sell notional less buy notional: the profit before fees."""
    position: Position
    """Where in market_data it was decided: a venue with latency reads on from there."""

    @property
    def buy(self) -> Leg:
        return self.legs[0]

    @property
    def sell(self) -> Leg:
        return self.legs[1]


class FeedEnded(Struct, frozen=True, tag="end"):
    """The end mark of one market_data partition, passed on behind its last order."""

    partition: Whole
    partitions: Whole
    event_time: Whole


TradeOrders = TradeOrder | FeedEnded
"""What the `trade_orders` channel carries."""


def client_order_id(trade_id: str, attempt: int, role: str, venue: str) -> str:
    """Deterministic, 26 characters of [a-z0-9], which every venue's limit allows (the least known is 32).

    `role` is buy, sell, or repair-<n>.
    """
    digest = blake2b(f"{trade_id}/{attempt}/{role}/{venue}".encode(), digest_size=12).hexdigest()
    return f"cb{digest}"
