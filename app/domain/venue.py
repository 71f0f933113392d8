"""What must be known of a venue before money goes there. Profiles are loaded by `app.venues.profiles`."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct, field

from app.domain.money import BPS, ZERO


class Market(Struct, frozen=True):
    """One pair at one venue; None where the venue states no such rule."""

    lot: Decimal | None = None
    """Step of an order's amount, base currency, > 0."""
    tick: Decimal | None = None
    """Step of an order's price, quote currency, > 0."""
    minimum_notional: Decimal | None = None
    """Least amount x price of an order, quote currency, > 0."""


class Faults(Struct, frozen=True):
    """How often the paper venue misbehaves, as shares of orders in [0, 1]; drawn from the client order id."""

    refuse: Decimal = ZERO
    """The venue says no (VENUE_REFUSED)."""
    time_out: Decimal = ZERO
    """The order is worked but the answer is lost: the outcome must be asked for."""


class VenueProfile(Struct, frozen=True):
    """One venue: what it charges, what it accepts, and how its paper twin behaves."""

    name: str
    fee_bps: Decimal = ZERO
    """Taker fee in basis points of the traded amount, >= 0."""
    fee_in: Literal["quote", "base"] = "quote"
    """`base`: a buy receives its amount less the fee; a sell always pays in quote."""
    latency_ms: int = 0
    """Paper: from the decision to the venue, event time, >= 0."""
    aliases: tuple[str, ...] = ()
    """Other names that sources give this venue."""
    pairs: dict[str, Market] = field(default_factory=dict)
    default_market: Market = Market()
    pair_aliases: dict[str, str] = field(default_factory=dict)
    """The venue's own symbols -> canonical pairs such as BTC/USDT."""
    funds: dict[str, Decimal] = field(default_factory=dict)
    """Paper: opening balance by asset; none at all means unlimited."""
    faults: Faults = Faults()

    @property
    def fee(self) -> Decimal:
        """Taker fee as a fraction."""
        return self.fee_bps * BPS

    def market(self, pair: str) -> Market:
        return self.pairs.get(pair, self.default_market)


def assets(pair: str) -> tuple[str, str]:
    """(base, quote) of a pair such as BTC/USDT."""
    base, _, quote = pair.partition("/")
    return base, quote
