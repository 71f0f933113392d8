"""What is played: a generated market of four venues and four pairs, ten levels a side, dislocated on purpose."""

from collections.abc import Iterator
from itertools import islice

from app.domain.market_data import Book
from app.feeds.generator import generate
from app.feeds.synthetic import SECOND, Market

RATE = 800
"""Book updates in a second of event time: 50 a venue and pair."""


def books(count: int, *, rate: int = RATE, seed: int = 1) -> Iterator[Book]:
    """The first `count` books of the market that has `rate` updates in a second of event time."""
    return islice(generate(Market(seed=seed, seconds=count // rate + 2, updates_per_second=rate)), count)


def hurried(rate: int, seconds: int, hurry: int, seed: int) -> Iterator[Book]:
    """The books of `seconds` at `rate` when event time passes `hurry` times as fast as the wall's.

    That makes dislocations, and so orders, `hurry` times as frequent: enough of them for a p99. Each seed begins where
    no other one has been.
    """
    length = seconds * hurry
    start = Market().start + seed * 86_400 * SECOND
    return generate(Market(seed=seed, seconds=length, updates_per_second=rate // hurry, start=start))
