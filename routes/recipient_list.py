"""Recipient List: how do we route a message to a list of recipients?

In        a Quote or Unfit
Out       the same on its way, and the first book of each venue in each interval of event time to order_books
Key       pair
Guarantee the way on never waits; which books are published is a function of event time, so a replay publishes the same
Fails as  nothing
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from app.domain.message import Origin, Send
from app.domain.opportunity import Quote


class State(Struct):
    pair: str
    interval: dict[str, int] = {}
    """Venue -> the last interval that had its book."""


def recipient_list(*, interval_ns: int) -> Callable[[Any, Origin, State], Iterable[Any]]:
    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is Quote:
            interval = body.book.received_time // interval_ns
            if state.interval.get(body.book.venue, -1) < interval:
                state.interval[body.book.venue] = interval
                return (Send("order_books", body.book.pair, body.book), body)
        return (body,)

    return handle
