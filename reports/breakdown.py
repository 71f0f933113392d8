"""From gross edge to net profit of one trade, exactly: what the waterfall and the table of the worst trades read.

gross edge - fees - slippage - repairs - left open + unexplained = profit, where the last two are zero unless a trade
ended exposed, or the ledger's profit is not what its fills say.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal

from app.domain.money import ZERO, exact
from reports.number import money
from reports.trade import Trade, quote_change
from reports.view import LedgerView


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Quote currency. A cost is > 0 when it took from the profit."""

    gross_edge: Decimal
    """Sell notional less buy notional, as sizing expected both."""
    fees: Decimal
    """In quote currency, repairs' included; a fee taken in base is inside the gross edge, by the grossed-up buy leg."""
    slippage: Decimal
    """Gross edge less what the legs' fills brought before fees, the unmatched remainder at its fills' prices."""
    repairs: Decimal
    """What closing the remainder cost, before fees."""
    left_open: Decimal
    """Quote currency that lies in exposure, at its fills' prices: > 0 bought too much, < 0 sold too much."""
    unexplained: Decimal
    profit: Decimal

    def __add__(self, other: "Breakdown") -> "Breakdown":
        with exact():
            return Breakdown(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Breakdown)))


NOTHING = Breakdown(ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO)


def breakdown(trade: Trade) -> Breakdown:
    """Where the difference between `trade`'s gross edge and its profit went."""
    edge, repaired = trade.order.gross_edge, trade.order.repair_cost or ZERO
    with exact():
        fees = sum((fill.fee for fill in trade.fills if fill.fee_asset == trade.quote), ZERO)
        brought = quote_change(trade.fills)
        slippage = edge - brought - repaired - trade.left_open
        unexplained = trade.change - (brought - fees)
    return Breakdown(edge, fees, slippage, repaired, trade.left_open, unexplained, trade.change)


def summed(trades: Iterable[Trade]) -> Breakdown:
    return sum((breakdown(trade) for trade in trades), NOTHING)


def open_inventory(view: LedgerView) -> tuple[str, ...]:
    """A warning a currency whose profit holds the price of inventory that was left open: exposure is no profit."""
    said = []
    for currency, trades in view.by_currency.items():
        exposed = [trade for trade in trades if trade.exposed]
        if exposed:
            noun = "trade" if len(exposed) == 1 else "trades"
            amount = money(-summed(exposed).left_open, currency, toned=True).text
            said.append(
                f"{len(exposed):,} {noun} in {currency} left inventory open, which is neither profit nor loss: "
                f"{amount} of the balances' change, left out of every profit but the net one."
            )
    return tuple(said)
