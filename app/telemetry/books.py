"""How fresh is what the join knows of each venue?"""

from collections.abc import Collection, Iterator, Sequence
from time import time
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.telemetry.meter import StageMeter


class BookCollector(Collector):
    """Age and state of each venue's latest book. `pair` is named where pairs are configured; else the oldest counts."""

    def __init__(self, meters: Sequence[StageMeter], pairs: Collection[str], *, virtual_time: bool) -> None:
        self._meters = meters
        self._pairs = pairs
        self._virtual_time = virtual_time

    def collect(self) -> Iterator[Metric]:
        labels = ["venue", "pair"]
        age = GaugeMetricFamily(
            "crossbook_book_age_seconds",
            "Since a venue's latest book; in a replay, behind the newest book of the same pair.",
            labels=labels,
        )
        fit = GaugeMetricFamily(
            "crossbook_book_fit", "1: the venue's latest book can be traded on, 0: it cannot.", labels=labels
        )
        ages: dict[tuple[str, str], float] = {}
        states: dict[tuple[str, str], int] = {}
        for meter in self._meters:
            for pair, _, state in meter.states():
                self._look(pair, state, ages, states)
        for (venue, pair), seconds in ages.items():
            age.add_metric([venue, pair], seconds)
            fit.add_metric([venue, pair], states[venue, pair])
        yield from (age, fit)

    def _look(
        self, pair: str, state: Any, ages: dict[tuple[str, str], float], states: dict[tuple[str, str], int]
    ) -> None:
        newest = getattr(state, "newest", None)
        if not isinstance(newest, dict) or not newest:
            return
        now = max(newest.values()) / 1e9 if self._virtual_time else time()
        for venue, at in list(newest.items()):
            place = venue, pair if pair in self._pairs else ""
            ages[place] = max(ages.get(place, 0.0), now - at / 1e9)
            states[place] = min(states.get(place, 1), int(venue in state.quotes))
