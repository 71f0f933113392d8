"""Idempotent Receiver: how can a receiver deal with a message that comes twice?

In        trade orders of one account
Out       those whose (trade, attempt) was not here before
Key       account
Guarantee an id is kept as long as the channel keeps messages, with the offset at which it came first: a message that
          a crash brings back is no duplicate of itself
Fails as  nothing; a message that comes again is counted
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from app.domain.message import Origin
from app.domain.order import TradeOrder

Piece = dict[str, tuple[int, int]]
"""`trade#attempt` -> (offset, when it was sent by the wall clock, ns), oldest first."""

PIECE = 500
"""Ids in a piece: the newest is written with every checkpoint that has orders."""


class State(Struct):
    account: str
    pieces: dict[str, Piece] = {}
    """By number, from the oldest on."""
    changed: set[str] = set()
    again: int = 0
    """Messages that came again, since the worker started."""

    def first_seen(self, identity: str) -> int | None:
        """Offset of the first message of this id; None where there was none."""
        return next((piece[identity][0] for piece in self.pieces.values() if identity in piece), None)

    def remember(self, identity: str, origin: Origin, keep_ns: int, most: int) -> None:
        numbers = sorted(self.pieces, key=int)
        newest = numbers[-1] if numbers else "0"
        if len(self.pieces.get(newest, ())) >= most:
            newest = str(int(newest) + 1)
        self.pieces.setdefault(newest, {})[identity] = (origin.offset, origin.wall_sent)
        self.changed.add(newest)
        for number in numbers:
            if number == newest or origin.wall_sent - next(reversed(self.pieces[number].values()))[1] <= keep_ns:
                break
            del self.pieces[number]
            self.changed.add(number)


def idempotent_receiver(*, keep_ns: int, most: int = PIECE) -> Callable[[Any, Origin, State], Iterable[Any]]:
    """`keep_ns`: as long as the channel keeps messages, by the wall clock of their sending."""

    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is not TradeOrder:
            return (body,)
        identity = f"{body.trade_id}#{body.attempt}"
        first = state.first_seen(identity)
        if first is not None and first < origin.offset:
            state.again += 1
            return ()
        if first is None:  # else this very message, whose effect a crash undid
            state.remember(identity, origin, keep_ns, most)
        return (body,)

    return handle
