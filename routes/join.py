"""Message Join (each): what does every venue quote for this pair right now?

In        a Quote or Unfit of one venue, or Moved
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
from app.domain.opportunity import Instant, Moved, Quote, Unfit


class State(Struct):
    pair: str
    quotes: dict[str, Quote] = {}
    """By venue, in the order of their names: the latest."""
    newest: dict[str, int] = {}
    """Venue -> received_time of its latest book, fit or not, ns."""
    counts: Counts = field(default_factory=Counts)


def join() -> Callable[[Any, Origin, State], Iterable[Any]]:
    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is Quote:
            return _quote(body, state)
        if type(body) is Unfit:
            return _unfit(body, state)
        if type(body) is Moved:
            return moved(body, state)
        return (*state.counts.tell("join", state.pair, body, origin), body)

    def _quote(quote: Quote, state: State) -> Iterable[Any]:
        book = quote.book
        if _late(book, state):
            return ()
        if book.venue in state.quotes:
            state.quotes[book.venue] = quote
        else:
            state.quotes = dict(sorted({**state.quotes, book.venue: quote}.items()))
        if len(state.quotes) < 2:
            return ()
        state.counts.add("joined")
        return (Instant(state.pair, book.received_time, tuple(state.quotes.values()), changed=book.venue),)

    def _unfit(unfit: Unfit, state: State) -> Iterable[Any]:
        if _late(unfit.book, state) or state.quotes.pop(unfit.book.venue, None) is None:
            return ()
        return (Instant(state.pair, unfit.book.received_time, tuple(state.quotes.values()), gone=unfit.book.venue),)

    return handle


def moved(body: Moved, state: Any) -> Iterable[Any]:
    """Forgets all quotes; the instant that ends what was open."""
    if not state.quotes:
        return ()
    state.quotes = {}
    return (Instant(state.pair, body.at, (), complete=False),)


def _late(book: Book, state: State) -> bool:
    if state.newest.get(book.venue, 0) > book.received_time:
        state.counts.add("late")
        return True
    state.newest[book.venue] = book.received_time
    return False
