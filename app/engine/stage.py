"""What a stage is: routes that follow each other on one key, between channels. The topology is a tuple of these."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from app.domain.errors import Reject
from app.domain.failure import Attempt
from app.domain.message import Origin
from app.engine.step import Step
from channels.channel import Channel


@dataclass(frozen=True, slots=True)
class Effects:
    """What an effect stage does to the world, and how it goes on afterwards.

    A command that leaves the last route has `origin` (its trade's envelope) and `due` (event time, ns, before which
    it cannot end); `perform` works it and answers with a body that re-enters at the route `resume`.
    """

    perform: Callable[[Any, Any, bool], Awaitable[Any]]
    """(command, state of the last route, whether it may have been performed before) -> answer."""
    failed: Callable[[Any, tuple[Attempt, ...], bool], Any]
    """(command, failed attempts, gave up) -> the answer of a command that failed, or one with its attempts added."""
    reopen: Callable[[Any], Iterable[Any]]
    """State of the route `resume` -> commands that were under way when the state was written."""
    resume: str
    barrier: type
    """Before such a message is handled, everything under way ends."""
    virtual_time: bool
    """True: what is due by a message's event time has ended before it is handled, so that a replay repeats itself."""
    timeout_s: float | None = None
    """Wall time for one try of a command; None: however long it takes, as in a replay, which no clock may decide."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One Faust app, one consumer group, one agent."""

    name: str
    kind: Literal["pure", "effect", "sink"]
    consumes: tuple[Channel, ...]
    publishes: tuple[Channel, ...]
    steps: tuple[Step, ...]
    invalid: Callable[[bytes | None, Reject, str], Any]
    """(raw bytes, what is wrong, channel/partition/offset) -> the body for invalid_messages."""
    dead: Callable[[Any, Origin, bytes | None, bytes | None, Any, str, BaseException], Any]
    """(body, envelope, key, value, headers, route, error) -> the body for dead_letters."""
    table: str = ""
    """Name of the Faust table that holds the routes' states, where they have any."""
    marks: tuple[type, ...] = ()
    """Bodies that concern every key of their partition."""
    effects: Effects | None = None

    @property
    def patterns(self) -> str:
        """The patterns in the order of the data, for the agent's help."""
        return " > ".join(step.pattern for step in self.steps)
