"""A stage's routes in order, and how one message goes through them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec

from app.domain.errors import Halt, Reject
from app.domain.message import Origin, Send, child_id
from app.telemetry.meter import StageMeter

Handler = Callable[..., Iterable[Any]]
"""(body, envelope, the route's state) -> what follows: a `Send`, or a body for the next route. A sink's routes stand
side by side and know no state: (body, envelope) -> rows."""


@dataclass(frozen=True, slots=True)
class Step:
    """One route in its place. `state` makes the route's empty state for a key; None: the route has none."""

    name: str
    pattern: str
    handle: Handler
    state: type[msgspec.Struct] | None = None
    scope: Literal["key", "partition"] = "key"
    """`partition`: one state for all keys of a partition."""
    shares: str = ""
    """Name of the route whose state this one uses instead of its own."""
    piece: Any = None
    """Type of the pieces of a state that grows: it has `pieces` by name, and the names that `changed`. Each piece is
    kept by itself, so that a checkpoint writes what changed, not the whole history. Nothing else of it is kept."""


@dataclass(frozen=True, slots=True)
class Out:
    """One message to send: what, and the envelope it goes under."""

    send: Send
    origin: Origin


class RouteFailed(Exception):
    """A route raised what it should not: `route` is its name, `cause` what it raised."""

    def __init__(self, route: str, cause: Exception) -> None:
        super().__init__(f"{route}: {cause!r}")
        self.route = route
        self.cause = cause


class Probe(Protocol):
    """Looks at one message on its way through the routes."""

    def enters(self, index: int, item: Any) -> None: ...

    def leaves(self, index: int) -> None: ...

    def done(self) -> None: ...


def through(
    steps: tuple[Step, ...],
    body: Any,
    origin: Origin,
    states: list[Any],
    first: int = 0,
    *,
    meter: StageMeter | None = None,
    probe: Probe | None = None,
) -> tuple[list[Out], list[Any]]:
    """Hands `body` to the routes from `first` on, depth first.

    Returns the messages to send, ids given, and the bodies that came out behind the last route. Raises Reject, Halt,
    or RouteFailed for anything else that a route raised.
    """
    outs: list[Out] = []
    left: list[Any] = []
    counts = [0] * len(steps)
    if meter is None:
        meter = StageMeter("", [step.name for step in steps])
    into = meter.into

    def visit(index: int, item: Any) -> None:
        while index < len(steps):
            into[index] += 1
            if probe is not None:
                probe.enters(index, item)
            try:
                found_all = steps[index].handle(item, origin, states[index])
            except (Reject, Halt):
                raise
            except Exception as error:
                meter.failed[index] += 1
                raise RouteFailed(steps[index].name, error) from error
            finally:
                if probe is not None:
                    probe.leaves(index)
            if type(found_all) is not tuple or len(found_all) != 1 or type(found_all[0]) is Send:
                break
            item = found_all[0]  # one body, as most of the time: on to the next route without going deeper
            index += 1
        else:
            left.append(item)
            return
        for found in found_all:
            if type(found) is Send:
                meter.sent[index] += 1
                outs.append(_out(steps, index, counts, found, origin, states))
            else:
                visit(index + 1, found)

    try:
        visit(first, body)
    finally:
        if probe is not None:
            probe.done()
    return outs, left


def _out(steps: tuple[Step, ...], index: int, counts: list[int], send: Send, origin: Origin, states: list[Any]) -> Out:
    if send.copy:
        return Out(send, origin)
    origin = send.origin or origin
    name = steps[index].name
    number = send.name or str(counts[index])
    counts[index] += 1
    # a route whose state has a version (the router's rules) shows it: router@3
    passed = tuple(
        f"{step.name}{getattr(state, 'label', '')}" for step, state in zip(steps[: index + 1], states, strict=False)
    )
    history = origin.history + passed
    if len(history) > 32:
        raise Halt(f"message {origin.message_id} has come through {len(history)} routes: it goes in circles")
    return Out(
        send,
        Origin(
            child_id(origin.message_id, name, number),
            origin.correlation_id,
            origin.message_id,
            send.channel,
            0,
            0,
            origin.event_time,
            history,
            0,
            origin.wall_cause_sent or origin.wall_sent,
            trace=origin.trace,
        ),
    )
