"""How far a consumer is behind on one partition, and the word for it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from msgspec import Struct

Word = Literal["OK", "WARN", "STALL", "STOP", "REWIND"]
WORDS: tuple[Word, ...] = ("OK", "WARN", "STALL", "STOP", "REWIND")

WINDOW = 10
"""Looks that are judged together."""


class Look(Struct, frozen=True):
    """One look at a partition."""

    at: float
    """Wall clock, s."""
    committed: int
    """Offset from which the group would go on, >= 0."""
    end: int
    """Offset that the next message will get, >= 0."""

    @property
    def lag(self) -> int:
        """Messages behind, >= 0."""
        return max(0, self.end - self.committed)


def judged(looks: Sequence[Look], changed_at: float, stop_after_s: float) -> Word:
    """The status of a partition after these looks, oldest first; at least one.

    `changed_at` is when the committed offset was last seen to change, wall clock. After the rules of LinkedIn's Burrow
    (its wiki, "Consumer Lag Evaluation Rules"), from looks at fixed intervals where Burrow has the group's commits:

    OK      nothing is waiting now, or nothing was at some look
    STOP    something is waiting and nothing was committed for longer than the looks reach back, and `stop_after_s`
    REWIND  the committed offset went backwards
    STALL   something waits at every look, and the committed offset does not move
    WARN    it moves, but the lag never shrinks
    """
    last = looks[-1]
    if last.lag == 0:
        return "OK"
    if last.at - changed_at > max(stop_after_s, last.at - looks[0].at):
        return "STOP"
    if any(look.lag == 0 for look in looks) or len(looks) < 2:
        return "OK"
    steps = list(pairwise(looks))
    if any(after.committed < before.committed for before, after in steps):
        return "REWIND"
    if last.committed == looks[0].committed:
        return "STALL"
    return "WARN" if all(after.lag >= before.lag for before, after in steps) and last.lag > looks[0].lag else "OK"


class PartitionLag(Struct, frozen=True):
    """One partition of a channel, as one stage's group stands to it."""

    stage: str
    channel: str
    partition: int
    committed: int | None
    """None: the group never committed here."""
    end: int
    messages: int
    """Waiting, >= 0."""
    seconds: float | None
    """Since the oldest of them was written; 0: none waits; None: it could not be read."""
    word: Word


class Depth(Struct, frozen=True):
    """What lies in a channel that nobody empties but an operator."""

    messages: int
    oldest_at: float | None
    """When the oldest was written, wall clock, s; None: there is none."""
