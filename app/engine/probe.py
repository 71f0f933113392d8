"""A close look at one message of many on its way through a stage's routes: timed, and copied where a tap wants it."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from app.domain.message import Origin
from app.telemetry.meter import StageMeter

Tap = Callable[[str, str, Any, Origin], None]
"""(from route, to route, body, envelope): sees what passes between two routes."""


class WayProbe:
    def __init__(self, meter: StageMeter, origin: Origin, first: int, tap: Tap | None) -> None:
        self._meter = meter
        self._origin = origin
        self._first = first
        self._tap = tap
        self._began = 0.0

    def enters(self, index: int, item: Any) -> None:
        if self._tap is not None and index > self._first:
            self._tap(self._meter.routes[index - 1], self._meter.routes[index], item, self._origin)
        self._began = perf_counter()

    def leaves(self, index: int) -> None:
        self._meter.seconds[index].observe(perf_counter() - self._began)
