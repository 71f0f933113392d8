"""What may be done at most, as the settings say it: of one trade, and of all that are open."""

from decimal import Decimal

from msgspec import Struct

from app.domain.errors import ConfigurationError
from app.domain.money import ZERO


class Limits(Struct, frozen=True):
    """What may be done at most. Quote currency and basis points; None: no cap."""

    max_notional: Decimal | None = None
    """Most quote currency a leg may turn over."""
    min_edge_bps: Decimal = ZERO
    """Marginal net edge, of the ask, under which no further piece is taken, >= 0."""
    max_edge_bps: Decimal = Decimal(500)
    """Gross edge over which it is not an opportunity but a mistake."""
    slippage_bps: Decimal = ZERO
    """How much worse than the worst level walked a limit may be, so that a book that moved a little still fills."""


def amounts(setting: str, text: str) -> dict[str, Decimal]:
    """`USDT=5000,BTC=0.1` by currency; one number holds for `*`, every currency. Raises ConfigurationError."""
    found = {}
    for part in filter(None, text.split(",")):
        currency, _, number = part.rpartition("=")
        try:
            amount = Decimal(number)
        except ArithmeticError:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount <= 0:
            raise ConfigurationError(f"setting {setting}: {part!r} is not CURRENCY=amount, or one positive number")
        found[currency.strip() or "*"] = amount
    return found
