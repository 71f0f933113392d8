"""Message Sequence (end of feed): how does a receiver know that nothing more will come?

In        the marks of a market_data partition
Out       FeedEnded on every trade_orders partition, behind the last order that the partition caused
Key       none: it concerns all
Guarantee one end mark a market_data partition; a redelivery repeats it under the same id
Fails as  nothing
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from app.domain.market_data import EndOfFeed
from app.domain.message import Origin, Send
from app.domain.order import FeedEnded


class State(Struct):
    key: str


def end_of_feed() -> Callable[[Any, Origin, State], Iterable[Any]]:
    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is EndOfFeed and state.key.startswith("#"):
            # every partition's end mark has the same id: the name tells what comes of them apart
            ended = FeedEnded(origin.partition, body.partitions, body.received_time)
            return (Send("trade_orders", "", ended, every_partition=True, name=str(origin.partition)),)
        return ()

    return handle
