"""Where two venues' books cross: joined instants, opportunities, near misses.

A direction **pays** when best_bid x (1 - sell fee) > best_ask x (1 + buy fee), strictly.
"""

from decimal import Decimal

from msgspec import Struct

from app.domain.market_data import Book
from app.domain.money import ONE, exact, ratio_bps
from app.domain.number import Whole
from app.domain.venue import VenueProfile


class Quote(Struct, frozen=True, gc=False):
    """A book fit to trade, with its best prices as floats: to compare, never to count money with."""

    book: Book
    bid: float
    ask: float
    partition: Whole
    offset: Whole
    """Where the book stands in market_data."""


class Unfit(Struct, frozen=True, gc=False):
    """A venue's book that cannot be traded on: what the venue quoted before does not hold any more."""

    book: Book


class Moved(Struct, frozen=True, gc=False):
    """The rules send the pair's books elsewhere: what was joined of it here, before `at`, does not hold any more."""

    at: Whole


class Instant(Struct, frozen=True, gc=False):
    """The joined view of one pair: what each venue quotes, as known at `at` (event time, ns). Venues by name."""

    pair: str
    at: Whole
    quotes: tuple[Quote, ...]
    complete: bool = True
    """False: the instant came short of a venue and only closes what was open."""
    changed: str = ""
    """`each`: the venue whose book changed; other directions cannot have. Empty: all may have."""
    gone: str = ""
    """`each`: the venue whose book became unfit; what it took part in is over."""


class OpportunityOpened(Struct, frozen=True, tag="opened"):
    """A direction pays whose previous joined instant did not. Prices in quote currency, edges in bps of the ask."""

    opportunity_id: str
    pair: str
    buy_venue: str
    sell_venue: str
    opened_at: Whole
    ask: str
    bid: str
    gross_edge_bps: Decimal
    net_edge_bps: Decimal
    buy_source: str
    sell_source: str
    """Identities of the two books."""
    amount: Decimal | None = None
    expected_profit: Decimal | None = None
    """Amount (base) and net profit (quote, after fees) of the trade that was ordered; None where it was refused."""
    refused: str = ""
    """Refusal code of the attempt, empty where an order was made."""


class OpportunityClosed(Struct, frozen=True, tag="closed"):
    """The first joined instant (or an incomplete one, or none at all before the end) that does not pay."""

    opportunity_id: str
    pair: str
    buy_venue: str
    sell_venue: str
    opened_at: Whole
    closed_at: Whole
    paying_instants: Whole
    best_net_edge_bps: Decimal
    ended: bool = True
    """False: still open when the feed ended; counted as opened, left out of the half-life."""


class NearMiss(Struct, frozen=True, tag="near_miss"):
    """A spell of joined instants in which best bid > other's best ask and the attempt was refused with one code."""

    near_miss_id: str
    pair: str
    buy_venue: str
    sell_venue: str
    code: str
    first_at: Whole
    last_at: Whole
    instants: Whole
    best_gross_edge_bps: Decimal
    detail: str = ""


class Tally(Struct, frozen=True, tag="tally"):
    """How often something happened on one pair since the start of the run, as its route counts it."""

    route: str
    pair: str
    partition: Whole
    event_time: Whole
    counts: dict[str, Whole]


Event = OpportunityOpened | OpportunityClosed | NearMiss | Tally
"""What the `opportunities` channel carries."""


class Crossing(Struct, frozen=True):
    """One direction at one joined instant: best bid above the other's best ask. Prices as the venues spell them."""

    pair: str
    buy_venue: str
    sell_venue: str
    at: Whole
    number: Whole
    bid: str
    ask: str
    gross: float
    """bid / ask - 1, to compare only."""


class Candidate(Struct, frozen=True, gc=False):
    """A paying direction that is to be attempted; `opens`: it did not pay at the instant before."""

    crossing: Crossing
    buy: Quote
    sell: Quote
    net_edge_bps: Decimal
    opportunity_id: str
    opens: bool


def net_edge_bps(bid: str, ask: str, buy: VenueProfile, sell: VenueProfile) -> Decimal:
    """(bid x (1 - sell fee) - ask x (1 + buy fee)) / ask in basis points; with the fee in base, per unit bought."""
    with exact():
        if buy.fee_in == "base":
            net = Decimal(bid) * (ONE - sell.fee) * (ONE - buy.fee) - Decimal(ask)
        else:
            net = Decimal(bid) * (ONE - sell.fee) - Decimal(ask) * (ONE + buy.fee)
    return ratio_bps(net, Decimal(ask))


def pays(bid: str, ask: str, buy: VenueProfile, sell: VenueProfile) -> bool:
    """Whether selling at `bid` after buying at `ask` earns anything after both fees, exactly."""
    with exact():
        if buy.fee_in == "base":
            return Decimal(bid) * (ONE - sell.fee) * (ONE - buy.fee) > Decimal(ask)
        return Decimal(bid) * (ONE - sell.fee) > Decimal(ask) * (ONE + buy.fee)
