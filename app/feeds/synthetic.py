"""What a synthetic market is made of: its venues and pairs, and the dislocations planned for it."""

from random import Random

from msgspec import Struct

from app.domain.errors import UsageError
from app.feeds.dislocation import Dislocation, Truth

SECOND = 10**9
MILLISECOND = 10**6

SIZES_BPS = (30, 40, 50, 60, 80)
"""Of dislocations: each pays at two fees of up to 10 bp in spite of NOISE_BPS."""
NOISE_BPS = 10
"""A dislocation's edge at the best prices is its size, give or take less than this; elsewhere it is under a half."""
_WARM_UP = 2 * SECOND


class Listing(Struct, frozen=True):
    """One pair: its tick is 10^-decimals and its lot 10^-lot_decimals; sizes at a level reach up to `most_lots`."""

    pair: str
    decimals: int
    lot_decimals: int
    most_lots: int


class Coarseness(Struct, frozen=True):
    """A venue's tick and lot, as multiples of the listing's."""

    tick: int = 1
    lot: int = 1


LISTINGS = (
    Listing("BTC/USDT", 1, 5, 6_000),
    Listing("ETH/USDT", 2, 4, 12_000),
    Listing("SOL/USDT", 3, 2, 2_500),
    Listing("ETH/BTC", 6, 4, 10_000),
)
COARSENESS = {"borealis": Coarseness(5, 10), "draco": Coarseness(2, 1)}
"""The others quote on the listing's own tick and lot."""


class Market(Struct, frozen=True, kw_only=True):
    """A synthetic market: the same value is the same market on every machine."""

    seed: int = 1
    seconds: int = 90
    """Length in event time, 1 to 86,400."""
    updates_per_second: int = 500
    """Of all venues and pairs together, 1 to 1,000,000."""
    venues: tuple[str, ...] = ("aurora", "borealis", "cygnus", "draco")
    pairs: tuple[str, ...] = tuple(listing.pair for listing in LISTINGS)
    start: int = 1_767_225_600 * SECOND
    """Event time of its beginning, ns: 2026-01-01 00:00 UTC."""

    def __post_init__(self) -> None:
        """Raises UsageError for what cannot be generated."""
        known = {listing.pair for listing in LISTINGS}
        for pair in self.pairs:
            if pair not in known:
                raise UsageError(f"pair {pair!r} cannot be generated; there are {', '.join(sorted(known))}")
        if len(set(self.venues)) < 2 or len(set(self.venues)) != len(self.venues) or not self.pairs:
            raise UsageError(f"venues {self.venues!r}: two or more different names, and one pair or more, are needed")
        for name, most in (("seconds", 86_400), ("updates_per_second", 1_000_000)):
            if not 1 <= (value := getattr(self, name)) <= most:
                raise UsageError(f"{name} {value}: 1 to {most:,} is allowed")

    @property
    def interval(self) -> int:
        """Mean distance of two books of one venue and pair, ns."""
        return max(len(self.venues) * len(self.pairs) * SECOND // self.updates_per_second, 2)

    @property
    def listings(self) -> tuple[Listing, ...]:
        return tuple(listing for listing in LISTINGS if listing.pair in self.pairs)


class Shift(Struct, frozen=True):
    """One venue's books of one pair stand `bps` (signed) away from the others in [start, end)."""

    pair: str
    venue: str
    bps: int
    start: int
    end: int


def shifts_of(market: Market) -> tuple[Shift, ...]:
    """The planned shifts, by start: of a pair at most one at a time, all over one second before the market ends."""
    planned = []
    for pair in market.pairs:
        random = Random(f"{market.seed}/{pair}")  # noqa: S311 - reproducible on purpose
        now = market.start + _WARM_UP + 3 * market.interval + _between(random, 0, 3 * SECOND)
        while True:
            end = now + _between(random, 150 * MILLISECOND, 2 * SECOND)
            if end > market.start + (market.seconds - 1) * SECOND:
                break
            venue = market.venues[random.getrandbits(32) % len(market.venues)]
            bps = SIZES_BPS[random.getrandbits(32) % len(SIZES_BPS)] * (1 if random.getrandbits(1) else -1)
            planned.append(Shift(pair, venue, bps, now, end))
            now = end + 3 * market.interval + _between(random, SECOND, 6 * SECOND)
    return tuple(sorted(planned, key=lambda shift: (shift.start, shift.pair)))


def truth_of(market: Market) -> Truth:
    """Every direction that the shifts open: a venue that stands high buys nowhere and sells for all others."""
    found = [
        Dislocation(
            shift.pair,
            shift.venue if shift.bps < 0 else other,
            other if shift.bps < 0 else shift.venue,
            shift.start,
            shift.end,
            abs(shift.bps),
        )
        for shift in shifts_of(market)
        for other in market.venues
        if other != shift.venue
    ]
    return tuple(sorted(found, key=lambda each: (each.start, each.pair, each.buy_venue, each.sell_venue)))


def _between(random: Random, least: int, most: int) -> int:
    return least + random.getrandbits(48) * (most - least) // (1 << 48)
