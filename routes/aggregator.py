"""Aggregator (aligned): how do we combine the books that belong together, so that they can be judged as a whole?

In        a Quote or Unfit of one venue, Moved, and ticks of event time
Out       the joined Instant when all expected venues have reported; an incomplete one when an instant came short
Key       pair; correlation is (pair, received_time), the expected venues are the source's
Guarantee every instant ends: complete, or `incomplete` when a later one begins, at the time-out, or at the feed's end
Fails as  nothing; a book of an instant that has ended is counted `late` and dropped
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct, field

from app.domain.counting import Counts
from app.domain.market_data import EndOfFeed
from app.domain.message import Origin
from app.domain.opportunity import Instant, Moved, Quote, Unfit
from routes.join import moved


class State(Struct):
    pair: str
    at: int = -1
    """The instant that is being collected, or was last."""
    ended: bool = True
    quotes: dict[str, Quote] = {}
    """Of that instant, by venue."""
    counts: Counts = field(default_factory=Counts)


def aggregator(*, expected: frozenset[str], timeout_ns: int) -> Callable[[Any, Origin, State], Iterable[Any]]:
    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is Quote or type(body) is Unfit:
            return _book(body, state)
        if type(body) is Moved:
            state.ended = True
            return moved(body, state)
        due = type(body) is EndOfFeed or body.received_time - state.at >= timeout_ns
        short = _short(state) if due and not state.ended else ()
        return (*short, *state.counts.tell("join", state.pair, body, origin), body)

    def _book(body: Quote | Unfit, state: State) -> Iterable[Any]:
        at = body.book.received_time
        short: Iterable[Any] = ()
        if at > state.at:
            short = _short(state) if not state.ended else ()
            state.at, state.ended, state.quotes = at, False, {}
        if at < state.at or state.ended or body.book.venue in state.quotes:
            state.counts.add("late")
            return short
        if type(body) is Quote:
            state.quotes[body.book.venue] = body
        if not expected <= state.quotes.keys():
            return short
        state.ended = True
        state.counts.add("joined")
        return (*short, Instant(state.pair, at, tuple(state.quotes[venue] for venue in sorted(state.quotes))))

    return handle


def _short(state: State) -> Iterable[Any]:
    state.ended = True
    state.counts.add("incomplete")
    return (Instant(state.pair, state.at, (), complete=False),)
