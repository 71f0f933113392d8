"""A trade as the report sees it: an order that was filled at least in part, and its fills."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from app.domain.money import ZERO, exact
from app.domain.venue import assets
from app.storage.tables import FillRow, TradeOrderRow


@dataclass(frozen=True, slots=True)
class Trade:
    """Money in quote currency. Exposure is no profit, so `profit` leaves out what lies in it."""

    order: TradeOrderRow
    fills: tuple[FillRow, ...]
    at: int
    """When it was settled: event time, ns."""
    base: str
    quote: str
    change: Decimal
    """What the ledger calls profit: the change of the quote balances, repairs and fees included."""
    left_open: Decimal
    """What inventory that stayed open cost (> 0) or, sold too much, brought (< 0), at its fills' prices."""
    profit: Decimal
    """`change` with what was left open put back: of what was closed, repairs and fees included."""

    @property
    def exposed(self) -> bool:
        return self.order.status == "exposed"


def trade(order: TradeOrderRow, fills: Iterable[FillRow]) -> Trade | None:
    """None where nothing was traded, or its outcome is not known yet."""
    own = tuple(fills)
    if order.profit is None or order.settled_at is None or not (own or order.profit):
        return None
    base, quote = assets(order.pair)
    with exact():
        left = ZERO
        if order.status == "exposed":
            left = remainder(own) - (order.repair_cost or ZERO) - quote_change(repairs(own))
        profit = order.profit + left
    return Trade(order, own, order.settled_at, base, quote, order.profit, left, profit)


def legs(fills: Iterable[FillRow]) -> list[FillRow]:
    return [fill for fill in fills if not fill.role.startswith("repair")]


def repairs(fills: Iterable[FillRow]) -> list[FillRow]:
    return [fill for fill in fills if fill.role.startswith("repair")]


def quote_change(fills: Iterable[FillRow]) -> Decimal:
    """Change of quote currency before fees."""
    return sum((fill.price * fill.amount if fill.side == "sell" else -fill.price * fill.amount for fill in fills), ZERO)


def remainder(fills: Iterable[FillRow]) -> Decimal:
    """The base in which the two legs differ, at the worst prices of the leg that had more, as a repair is charged:
    quote currency, > 0 bought too much. Exact, without an average."""
    own = legs(fills)
    excess = _base_change(own)
    side, left, value = ("buy" if excess > 0 else "sell"), abs(excess), ZERO
    for fill in sorted((f for f in own if f.side == side), key=lambda f: f.price, reverse=side == "buy"):
        part = min(left, fill.amount)
        value += part * fill.price
        left -= part
    return value if excess > 0 else -value


def _base_change(fills: Iterable[FillRow]) -> Decimal:
    change = ZERO
    for fill in fills:
        change += fill.amount if fill.side == "buy" else -fill.amount
        if fill.fee_asset == assets(fill.pair)[0]:
            change -= fill.fee
    return change
