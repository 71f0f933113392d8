"""Message Join (each): what does every venue quote for this pair right now?

In        a Quote or Unfit of one venue
Out       the joined Instant of all venues, at every update
Key       pair; the state is the opportunity table
Guarantee books are joined in their order of arrival, which the feed makes event time and then venue name
Fails as  nothing; a book older than its venue's last is counted `late` and dropped
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct, field

from app.domain.counting import Counts
from app.domain.market_data import Book
from app.domain.message import Origin
from app.domain.opportunity import Instant, Quote, Unfit


class State(Struct):
    pair: str
    quotes: dict[str, Quote] = {}
    """By venue, the latest."""
    newest: dict[str, int] = {}
    """Venue -> received_time of its latest book, fit or not, ns."""
    counts: Counts = field(default_factory=Counts)


def join() -> Callable[[Any, Origin, State], Iterable[Any]]:
    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is Quote:
            return _quote(body, state)
        if type(body) is Unfit:
            return _unfit(body, state)
        return (*state.counts.tell("join", state.pair, body, origin), body)

    def _quote(quote: Quote, state: State) -> Iterable[Any]:
        book = quote.book
        if _late(book, state):
            return ()
        state.quotes[book.venue] = quote
        return _instant(state, book.received_time, book.venue)

    def _unfit(unfit: Unfit, state: State) -> Iterable[Any]:
        if _late(unfit.book, state) or state.quotes.pop(unfit.book.venue, None) is None:
            return ()
        return (Instant(state.pair, unfit.book.received_time, _by_name(state), gone=unfit.book.venue),)

    def _instant(state: State, at: int, venue: str) -> Iterable[Any]:
        if len(state.quotes) < 2:
            return ()
        state.counts.add("joined")
        return (Instant(state.pair, at, _by_name(state), changed=venue),)

    return handle


def _late(book: Book, state: State) -> bool:
    if state.newest.get(book.venue, 0) > book.received_time:
        state.counts.add("late")
        return True
    state.newest[book.venue] = book.received_time
    return False


def _by_name(state: State) -> tuple[Quote, ...]:
    return tuple(state.quotes[venue] for venue in sorted(state.quotes))
