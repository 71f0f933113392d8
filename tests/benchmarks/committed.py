"""The clock of a throughput run: committed offsets, looked at every 20 ms."""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, NamedTuple

from app.broker.offsets import Offsets

_LOOK_EVERY_S = 0.02
_PATIENCE_S = 120.0

Groups = Sequence[tuple[str, Sequence[str]]]
"""Consumer groups and the topics they read, in the order of the data."""


class Span(NamedTuple):
    """From the first commit that was seen to the last: how many updates, in how many seconds."""

    updates: int
    seconds: float
    at_first: Any
    at_last: Any
    """What `look` said at both ends."""

    @property
    def rate(self) -> float:
        return self.updates / self.seconds


async def span(offsets: Offsets, groups: Groups, total: int, look: Callable[[], Any]) -> Span:
    """Watches the first group until it has committed `total` messages, then, in order, the others until they have
    committed the end of what they read. What the first commit includes does not count: the clock starts when it is
    seen, so the start of the process is not in it.
    """
    (group, topics), *others = groups
    deadline = monotonic() + _PATIENCE_S
    while not (before := await _done(offsets, group, topics)):
        await _wait(deadline, group)
    began, at_first = monotonic(), look()
    while await _done(offsets, group, topics) < total:
        await _wait(deadline, group)
    for other, read in others:
        while await _done(offsets, other, read) < sum((await offsets.end_offsets(read)).values()):
            await _wait(deadline, other)
    return Span(total - before, monotonic() - began, at_first, look())


async def _wait(deadline: float, group: str) -> None:
    if monotonic() > deadline:
        raise TimeoutError(f"group {group} did not come to its end within {_PATIENCE_S:.0f} s")
    await asyncio.sleep(_LOOK_EVERY_S)


async def _done(offsets: Offsets, group: str, topics: Sequence[str]) -> int:
    found = await offsets.committed_offsets(group)
    return sum(offset for (topic, _), offset in found.items() if topic in topics)
