"""What the `market_data` channel carries: books and trades as every venue's adapter translates them, and the marks
that travel in band with them.

A book keeps the venue's decimal text. Times are integer nanoseconds since the epoch; `received_time` is event time.
"""

from typing import Literal

from msgspec import Struct

from app.domain.number import Whole

Level = tuple[str, str]
"""(price in quote currency, size in base currency), as plain decimal text."""


class Book(Struct, frozen=True, tag="book", forbid_unknown_fields=False, gc=False):
    """One venue's order book of one pair: both sides best first; an empty side is an empty tuple."""

    venue: str
    pair: str
    source: str
    """The stream it came from: unique a recording or connection."""
    sequence: Whole
    """Its number in that source: with venue, pair and source the identity of this book."""
    received_time: Whole
    exchange_time: Whole | None
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    @property
    def identity(self) -> str:
        return f"{self.source}:{self.venue}:{self.pair}:{self.sequence}"

    @property
    def best_bid(self) -> Level | None:
        return self.bids[0] if self.bids else None

    @property
    def best_ask(self) -> Level | None:
        return self.asks[0] if self.asks else None


class Trade(Struct, frozen=True, tag="trade", gc=False):
    """One public trade at a venue."""

    venue: str
    pair: str
    source: str
    sequence: Whole
    received_time: Whole
    exchange_time: Whole | None
    price: str
    size: str
    taker_side: Literal["buy", "sell"]

    @property
    def identity(self) -> str:
        return f"{self.source}:{self.venue}:{self.pair}:t{self.sequence}"


class Tick(Struct, frozen=True, tag="tick", gc=False):
    """Event time has reached `received_time` on this partition, book or no book: time-outs are judged here."""

    source: str
    sequence: Whole
    received_time: Whole

    @property
    def identity(self) -> str:
        return f"{self.source}:tick:{self.sequence}"


class RulesChanged(Struct, frozen=True, tag="rules"):
    """A new routing table, delivered into every partition; it holds for all that follows on that partition."""

    source: str
    sequence: Whole
    received_time: Whole
    version: Whole
    rules: tuple["Rule", ...]

    @property
    def identity(self) -> str:
        return f"{self.source}:rules:{self.version}"


class Rule(Struct, frozen=True):
    """Globs on venue and pair -> where the books go: `join`, `drop`, or the name of a channel."""

    venue: str
    pair: str
    to: str


class EndOfFeed(Struct, frozen=True, tag="end", gc=False):
    """Nothing follows on this partition; `partitions` end marks make the end of the feed."""

    source: str
    sequence: Whole
    received_time: Whole
    partitions: Whole

    @property
    def identity(self) -> str:
        return f"{self.source}:end:{self.sequence}"


Mark = Tick | RulesChanged | EndOfFeed
MarketData = Book | Trade | Tick | RulesChanged | EndOfFeed
