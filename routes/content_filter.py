"""Content Filter: how do you simplify dealing with a large message when you are interested in only some of it?

In        a joined Instant
Out       the same less the depth that we have taken already
Key       pair; the state is sizing's, which does the taking
Guarantee what we took of a level is withheld until that level shows another size, or is gone
Fails as  nothing; a side with nothing left drops its venue from the instant
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from app.domain.depletion import Withheld
from app.domain.message import Origin
from app.domain.opportunity import Instant, Quote
from routes.sizing import State


def content_filter() -> Callable[[Any, Origin, State], Iterable[Any]]:
    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is not Instant or not state.withheld:
            return (body,)
        quotes = [left for quote in body.quotes if (left := _left(quote, state.withheld)) is not None]
        return (msgspec.structs.replace(body, quotes=tuple(quotes)),)

    return handle


def _left(quote: Quote, withheld: dict[str, Withheld]) -> Quote | None:
    book = quote.book
    sides = {}
    for side, levels in (("bids", book.bids), ("asks", book.asks)):
        taken = withheld.get(f"{book.venue} {side}")
        if taken is not None and taken.levels:
            taken.see(levels)
            if taken.levels:
                sides[side] = taken.less(levels)
    if not sides:
        return quote
    book = msgspec.structs.replace(book, **sides)
    if not book.bids or not book.asks:
        return None
    return msgspec.structs.replace(quote, book=book, bid=float(book.bids[0][0]), ask=float(book.asks[0][0]))
