"""Content Filter: how do you simplify dealing with a large message when you are interested in only some of it?

In        a joined Instant
Out       the same less the depth that we have taken already
Key       pair; the state is sizing's, which does the taking
Guarantee what we took of a level is withheld until that level shows another size, or is gone
Fails as  nothing; a side with nothing left offers nothing, the other side stays
"""

from collections.abc import Callable, Iterable
from math import inf
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
        return (msgspec.structs.replace(body, quotes=tuple([_left(quote, state.withheld) for quote in body.quotes])),)

    return handle


def _left(quote: Quote, withheld: dict[str, Withheld]) -> Quote:
    book = quote.book
    taken = withheld.get(book.venue)
    if taken is None:
        return quote
    if not taken.see(book):
        del withheld[book.venue]
        return quote
    bids, asks = taken.bids.less(book.bids), taken.asks.less(book.asks)
    return msgspec.structs.replace(
        quote,
        book=msgspec.structs.replace(book, bids=bids, asks=asks),
        bid=float(bids[0][0]) if bids else 0.0,
        ask=float(asks[0][0]) if asks else inf,
    )
