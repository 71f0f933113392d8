"""Aggregator (end of the feed): how do we know that all partitions have ended?

In        FeedEnded of each market_data partition, beside trade orders
Out       one FeedEnded when all partitions have said so; everything else as it is
Key       the partition: the state is its own, and says the same however often a mark comes
Guarantee passes on the end only when nothing can follow it
Fails as  nothing
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from app.domain.message import Origin
from app.domain.order import FeedEnded


class State(Struct):
    key: str
    ended: set[int] = set()


def feed_end() -> Callable[[Any, Origin, State], Iterable[Any]]:
    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is not FeedEnded:
            return (body,)
        state.ended.add(body.partition)
        return (body,) if len(state.ended) >= body.partitions else ()

    return handle
