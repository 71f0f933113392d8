"""The truth of a generated market: where one venue stood away from the others, by how much, from when to when."""

from msgspec import Struct


class Dislocation(Struct, frozen=True):
    """Buying at `buy_venue` and selling at `sell_venue` gains about `size_bps` before fees, in [start, end).

    `start` is the received_time of the first shifted book, `end` that of the first that is not; event time, ns.
    """

    pair: str
    buy_venue: str
    sell_venue: str
    start: int
    end: int
    size_bps: int


Truth = tuple[Dislocation, ...]
"""By start, pair, buy venue, sell venue."""
