"""What became of an order: fills, the outcome of each leg, the result of the trade, the balances after it."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from app.domain.approval import Refused
from app.domain.failure import Attempt
from app.domain.market_data import Level
from app.domain.message import Origin
from app.domain.money import exact
from app.domain.number import Whole
from app.domain.order import Position, Side, TradeOrder

LegStatus = Literal["filled", "partial", "none", "refused", "failed"]
TradeStatus = Literal["filled", "repaired", "exposed", "failed", "refused"]


class VenueOrder(Struct, frozen=True):
    """What the venue port is asked to work: a limit order, immediate or cancel."""

    client_order_id: str
    venue: str
    pair: str
    side: Side
    amount: Decimal
    limit_price: Decimal | None
    """None: at any price, which only a repair may ask for."""
    arrives_at: Whole
    """Event time, ns: decision + latency."""
    position: Position
    """Where in market_data it was decided."""
    levels: tuple[Level, ...] | None = None
    """The book side it fills on; None: of the venue's first book behind the position at or after `arrives_at`."""


class Command(Struct, frozen=True):
    """One order on its way to a venue, for one trade."""

    origin: Origin
    trade_id: str
    role: str
    """buy, sell, or repair-<n>."""
    due: Whole
    """Event time, ns, before which it cannot end: decision + the venue's latency."""
    order: VenueOrder
    refused: Refused | None = None
    """The order may be out already though it is refused now: it is asked for and never placed, and this is what became
    of it where the venue does not know it."""


class Commands(Struct, frozen=True):
    """What a trade wants done next, all at once."""

    commands: tuple[Command, ...]


class OrdersClosed(Struct, frozen=True):
    """A trade has its result: what venues remember of these orders, (venue, client order id), may be forgotten."""

    orders: tuple[tuple[str, str], ...]


class Fill(Struct, frozen=True):
    """One execution. `price` in quote and `amount` in base currency, > 0; `fee` >= 0 in `fee_asset`."""

    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_asset: str
    at: Whole
    """Event time, ns."""


class OrderReport(Struct, frozen=True):
    """What a venue says of an order. Believe `filled`, not the status word."""

    client_order_id: str
    status: LegStatus
    fills: tuple[Fill, ...] = ()
    code: str = ""
    detail: str = ""
    at: Whole = 0
    """Event time of the answer, ns."""

    @property
    def filled(self) -> Decimal:
        with exact():
            return sum((fill.amount for fill in self.fills), Decimal(0))


class LegResult(Struct, frozen=True):
    """A leg, or a repair of one, and its outcome."""

    role: str
    """buy, sell, or repair-<n>."""
    venue: str
    side: Side
    client_order_id: str
    amount: Decimal
    limit_price: Decimal | None
    report: OrderReport
    wall_sent: Whole = 0
    wall_done: Whole = 0
    """Wall clock, ns: for latencies only."""


class LegDone(Struct, frozen=True):
    """A command's answer: what became of the order, and the tries that failed before it did."""

    command: Command
    report: OrderReport
    attempts: tuple[Attempt, ...] = ()
    wall_sent: Whole = 0
    wall_done: Whole = 0


class Balance(Struct, frozen=True):
    """What the account holds of one asset at one venue; below zero only where funds are unlimited."""

    venue: str
    asset: str
    opening: Decimal
    closing: Decimal


class TradeResult(Struct, frozen=True):
    """The one outcome of a trade order. Money in quote currency unless it says base."""

    order: TradeOrder
    status: TradeStatus
    code: str
    """Why it was refused or failed; empty when filled."""
    detail: str
    settled_at: Whole
    """Event time, ns."""
    sequence: Whole
    """Counts the account's settled trades."""
    legs: tuple[LegResult, ...] = ()
    repairs: tuple[LegResult, ...] = ()
    profit: Decimal = Decimal(0)
    """Change of the quote balances over all venues, repairs and fees included."""
    repair_cost: Decimal = Decimal(0)
    """What closing the remainder lost (> 0) against the worst fills that it undid, before fees; part of `profit`."""
    exposure: Decimal = Decimal(0)
    """Base left unmatched: > 0 bought too much, < 0 sold too much. Never counted as profit."""
    balances: tuple[Balance, ...] = ()
    """Of every venue and asset that this trade touched, after it."""
