"""Content-Based Router: how do we send a message to where it belongs, by what it says?

In        a body and the destination that its venue and pair have by the rules
Out       the body to the join in this agent, or its book to a channel of its own; then Moved to the join here
Key       pair
Guarantee exactly one destination: that of the first rule that matches, else a counted drop
Fails as  nothing
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct, field

from app.domain.counting import Counts
from app.domain.message import Origin, Send
from app.domain.opportunity import Moved
from app.domain.routing import DROP, JOIN
from routes.dynamic_router import Routed


class State(Struct):
    pair: str
    counts: Counts = field(default_factory=Counts)


def content_based_router() -> Callable[[Any, Origin, State], Iterable[Any]]:
    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is not Routed:
            return (*state.counts.tell("router", state.pair, body, origin), body)
        if body.to == JOIN:
            return (body.body,)
        state.counts.add(f"to:{body.to}")
        moved = Moved(body.book.received_time)
        return (moved,) if body.to == DROP else (Send(body.to, body.book.pair, body.book, copy=True), moved)

    return handle
