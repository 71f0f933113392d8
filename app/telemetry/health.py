"""Is the process alive, and is it ready for work? Two questions: a worker that waits for its database is alive."""

from collections.abc import Callable
from time import monotonic

from msgspec import Struct

DEAD_AFTER_S = 30.0
"""Without a beat of the event loop for so long, the process is stuck and should be started again."""


class Check(Struct, frozen=True):
    """One answer: `ok`, and in words what was found."""

    name: str
    ok: bool
    detail: str


class Health:
    """What the probes ask. Checks are cheap and read what is known; none of them waits."""

    def __init__(self) -> None:
        self._beat = monotonic()
        self.readiness: list[Callable[[], list[Check]]] = []

    def beat(self) -> None:
        """The event loop turns."""
        self._beat = monotonic()

    def live(self) -> list[Check]:
        late = monotonic() - self._beat
        return [Check("event_loop", late < DEAD_AFTER_S, f"last turned {late:.1f} s ago")]

    def ready(self) -> list[Check]:
        """Everything that must hold before work is sent here; empty lists nothing and is not ready."""
        return [*self.live(), *(found for each in self.readiness for found in each())]
