"""Reasons why something did not pass, from the counts that routes keep in their states."""

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct

from app.domain.counting import Counts
from app.telemetry.meter import StageMeter

_PASSES = ("passed", "trades", "joined", "ordered")
_OPEN = ("paying:", "opened:")
"""What is counted and is no refusal: what goes on, and directions."""


class Refused(Struct, frozen=True):
    stage: str
    route: str
    code: str
    count: int


def refusals(meters: Iterable[StageMeter]) -> Iterator[Refused]:
    """Over all keys; counts survive a restart with the state that they belong to."""
    for meter in meters:
        found: Counter[tuple[str, str]] = Counter()
        for _, route, state in meter.states():
            counts = getattr(state, "counts", None)
            if isinstance(counts, Counts):
                for name, count in list(counts.by_name.items()):
                    if name not in _PASSES and not name.startswith(_OPEN):
                        found[route, name.removeprefix("near_miss:")] += count
        for (route, code), count in found.items():
            yield Refused(meter.stage, route, code, count)
