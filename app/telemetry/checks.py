"""The answers of /readyz as a metric, so that Prometheus, too, knows which check keeps a process from work."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.telemetry.health import Health


class HealthCollector(Collector):
    """One sample a check, by its name."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("crossbook_ready", "1: this check lets work be sent here, 0: not.", labels=["check"])
        for check in self._health.ready():
            family.add_metric([check.name], float(check.ok))
        yield family
