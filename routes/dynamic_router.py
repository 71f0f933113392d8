"""Dynamic Router: how can a router adapt to where things should go without being taken down?

In        a Quote or Unfit, and the marks of the partition, RulesChanged among them
Out       the same, told where to go; marks also to the channels that rules name
Key       pair; the rules are the partition's
Guarantee new rules hold for what follows them on the partition, after a crash as before it: they are kept by the
          offset from which they hold. The version shows in the history
Fails as  nothing: rules that part a joined pair are refused before they are published
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from app.domain.market_data import Book, EndOfFeed, Rule, RulesChanged, Tick
from app.domain.message import Origin, Send
from app.domain.routing import DROP, JOIN, destination


class Change(Struct, frozen=True):
    offset: int
    version: int
    rules: tuple[Rule, ...]


class State(Struct):
    key: str
    changes: list[Change] = []
    marked: int = -1
    """Offset of the last mark that was passed on: each key of the partition sees it, once is enough."""
    found: dict[str, str] = {}
    """`version venue pair` -> destination, computed once."""
    version: int = 1
    """Of the rules that hold for the message in hand: told again, an old one is still of the old rules."""

    @property
    def label(self) -> str:
        return f"@{self.version}"

    def at(self, offset: int, first: Change) -> Change:
        return next((change for change in reversed(self.changes) if change.offset < offset), first)


class Routed(Struct, frozen=True, gc=False):
    """A body and where it goes; `book` is what a channel of its own would get."""

    to: str
    body: Any
    book: Book


def dynamic_router(*, rules: tuple[Rule, ...]) -> Callable[[Any, Origin, State], Iterable[Any]]:
    """`rules` hold, as version 1, until a RulesChanged."""
    first = Change(-1, 1, rules)

    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) in (Tick, EndOfFeed, RulesChanged):
            return _mark(body, origin, state)
        change = state.at(origin.offset, first) if state.changes else first
        state.version = change.version
        book = body.book
        asked = f"{change.version} {book.venue} {book.pair}"
        to = state.found.get(asked)
        if to is None:
            to = state.found[asked] = destination(change.rules, book.venue, book.pair)
        return (Routed(to, body, book),)

    def _mark(mark: Any, origin: Origin, state: State) -> Iterable[Any]:
        again = origin.offset <= state.marked
        state.marked = max(state.marked, origin.offset)
        if type(mark) is RulesChanged and not again:
            state.changes.append(Change(origin.offset, mark.version, mark.rules))
        state.version = state.at(origin.offset + 1, first).version
        if again or type(mark) is RulesChanged:
            return (mark,)
        # a channel that got books once gets the end, too, whatever the rules say now
        channels = {rule.to for change in (first, *state.changes) for rule in change.rules} - {JOIN, DROP}
        return (
            *(Send(channel, "", mark, copy=True, partition=origin.partition) for channel in sorted(channels)),
            mark,
        )

    return handle
