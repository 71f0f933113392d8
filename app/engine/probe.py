"""A close look at one message of many on its way through a stage's routes: timed, traced, and copied to a tap."""

from collections.abc import Callable
from time import perf_counter, time_ns
from typing import Any

from app.domain.message import Origin
from app.telemetry.meter import StageMeter
from app.telemetry.tracing import Way

Tap = Callable[[str, str, Any, Origin], None]
"""(from route, to route, body, envelope): sees what passes between two routes."""


class WayProbe:
    def __init__(self, meter: StageMeter, origin: Origin, first: int, tap: Tap | None, way: Way | None) -> None:
        self._meter = meter
        self._origin = origin
        self._first = first
        self._tap = tap
        self._way = way
        self._began = 0.0
        self._began_at = 0

    def enters(self, index: int, item: Any) -> None:
        if self._tap is not None and index > self._first:
            self._tap(self._meter.routes[index - 1], self._meter.routes[index], item, self._origin)
        self._began, self._began_at = perf_counter(), time_ns()

    def leaves(self, index: int) -> None:
        self._meter.seconds[index].observe(perf_counter() - self._began)
        if self._way is not None:
            self._way.route(self._meter.routes[index], self._began_at)

    def done(self) -> None:
        if self._way is not None:
            self._way.done()
