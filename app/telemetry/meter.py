"""What one stage counts while it works: plain numbers, so that counting costs next to nothing; whoever scrapes reads.

Written by the worker's thread alone. A scrape in another thread may see a message counted in one place and not yet in
the next, which the next scrape puts right.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from app.telemetry.histogram import Histogram

SAMPLED = 64
"""Of so many messages one is timed, route by route: two clocks a route would cost more than most routes."""

ROUTE_BOUNDS = (1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 1e-2, 1e-1)


class StageMeter:
    """By index of the route, in the stage's order."""

    def __init__(self, stage: str, routes: Sequence[str]) -> None:
        self.stage = stage
        self.routes = tuple(routes)
        self.into = [0] * len(routes)
        """Bodies that came in."""
        self.sent = [0] * len(routes)
        """Messages that the route sent."""
        self.failed = [0] * len(routes)
        """Bodies it raised on what it should not have."""
        self.dead: Counter[str] = Counter()
        """Dead letters by code."""
        self.progress = [0.0] * len(routes)
        """When a batch last brought something in, wall clock, s; 0: never."""
        self.seconds = [Histogram(ROUTE_BOUNDS) for _ in routes]
        self.consumed: Counter[str] = Counter()
        self.produced: Counter[str] = Counter()
        self.invalid: Counter[str] = Counter()
        """All three by channel."""
        self.under_way: Callable[[], int] = lambda: 0
        """Commands that the world has not answered yet."""
        self.paused: Callable[[], bool] = lambda: False
        """Whether the control bus has stopped it."""
        self.states: Callable[[], Iterable[tuple[str, str, Any]]] = lambda: ()
        """(key, route, its state): what the routes know now."""
        self._seen = list(self.into)

    def batch(self, channel: str, records: int, now: float) -> None:
        """A batch is done: whichever route saw something of it has made progress."""
        self.consumed[channel] += records
        for index, count in enumerate(self.into):
            if count != self._seen[index]:
                self._seen[index] = count
                self.progress[index] = now
