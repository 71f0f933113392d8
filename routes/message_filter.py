"""Message Filter: how does a component avoid receiving messages that it is not interested in?

In        market_data
Out       a Quote for the next route; an Unfit where a venue's book must be forgotten; counts to opportunities
Key       pair
Guarantee every book is counted once: passed, or a reason
Fails as  Reject for what is no book of a venue and pair we know
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from typing import Any

from msgspec import Struct, field

from app.domain.book import all_zero, crossed, locked, read
from app.domain.counting import Counts
from app.domain.errors import Reject
from app.domain.market_data import Book, Trade
from app.domain.message import Origin
from app.domain.opportunity import Quote, Unfit

_PAIR = re.compile(r"[A-Z0-9]{1,20}/[A-Z0-9]{1,20}")
_spelt = lru_cache(10_000)(_PAIR.fullmatch)
_REMEMBERED = 64
"""Numbers of a source that are remembered one by one; below them everything counts as seen."""


class Seen(Struct):
    floor: int = -1
    recent: list[int] = []
    """Ascending."""

    def again(self, sequence: int) -> bool:
        """Whether this number was here before; remembers it."""
        recent = self.recent
        if not recent or sequence > recent[-1]:  # as good as always: a source counts upwards
            if sequence <= self.floor:
                return True
            recent.append(sequence)
        else:
            place = bisect_left(recent, sequence)
            if sequence <= self.floor or recent[place] == sequence:
                return True
            recent.insert(place, sequence)
        if len(recent) > _REMEMBERED:
            self.floor = recent.pop(0)
        return False


class State(Struct):
    pair: str
    newest: int = 0
    """Latest received_time of the pair, ns."""
    seen: dict[str, Seen] = {}
    """`venue source` -> the numbers that were here."""
    counts: Counts = field(default_factory=Counts)


def message_filter(
    *, venues: Collection[str], pairs: Collection[str], max_age_ns: int, future_ns: int
) -> Callable[[Any, Origin, State], Iterable[Any]]:
    """Keeps books that are fit to trade. No `pairs`: any pair spelt BASE/QUOTE."""

    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is Book:
            return _book(body, origin, state)
        if type(body) is Trade:
            _check_known(body.venue, body.pair)
            state.counts.add("trades")
            return ()
        return (*state.counts.tell("message_filter", state.pair, body, origin), body)

    def _check_known(venue: str, pair: str) -> None:
        if venue not in venues:
            raise Reject("unknown venue: it has no profile", field="venue", value=venue)
        if pair not in pairs if pairs else not _spelt(pair):
            raise Reject("unknown pair", field="pair", value=pair)

    def _book(book: Book, origin: Origin, state: State) -> Iterable[Any]:
        _check_known(book.venue, book.pair)
        prices = read(book)
        reason = ""
        seen = state.seen.get(stream := f"{book.venue} {book.source}")
        if seen is None:
            seen = state.seen[stream] = Seen()
        if seen.again(book.sequence):
            reason = "duplicate"
        elif book.exchange_time is not None and book.exchange_time - book.received_time > future_ns:
            reason = "future"
        elif state.newest - book.received_time > max_age_ns:
            reason = "stale"
        if reason:
            state.counts.add(reason)
            return ()
        state.newest = max(state.newest, book.received_time)
        if prices is None:
            reason = "all_zero" if all_zero(book) else "empty_side"
        elif prices[0] >= prices[1]:  # equal floats may be unequal prices
            reason = "locked" if locked(book) else "crossed" if crossed(book) else ""
        state.counts.add(reason or "passed")
        if reason or prices is None:
            return (Unfit(book),)
        return (Quote(book, prices[0], prices[1], origin.partition, origin.offset),)

    return handle
