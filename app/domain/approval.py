"""What is answered where a trade is asked for: one worth making, or why there is none.

An order is made of an approval alone, so there is none that nobody approved.
"""

from decimal import Decimal

from msgspec import Struct


class Sized(Struct, frozen=True):
    """A trade worth making. Base and quote currency, all > 0 but the fees, which may be 0."""

    sell_amount: Decimal
    buy_amount: Decimal
    """The sell amount, or more where the buying venue takes its fee in base."""
    buy_limit: Decimal
    sell_limit: Decimal
    buy_notional: Decimal
    sell_notional: Decimal
    buy_fee: Decimal
    """In quote, or in base where the venue takes it there."""
    sell_fee: Decimal
    profit: Decimal
    """Sell notional - sell fee - buy notional - buy fee (quote), after everything."""


class Refused(Struct, frozen=True):
    """No trade, and why: `code` is stable, `detail` names the numbers."""

    code: str
    detail: str
