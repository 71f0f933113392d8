"""A process under observation: its metrics, its health, and the lag of stages, served while it lives."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from functools import partial

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from app.broker.connection import client_arguments
from app.broker.lag import LagReader
from app.domain.errors import Retry
from app.engine.control import worker_id
from app.engine.readiness import readiness
from app.engine.stage import Stage
from app.engine.worker import WorkerApp, group
from app.settings import Settings
from app.telemetry.books import BookCollector
from app.telemetry.checks import HealthCollector
from app.telemetry.collector import RouteCollector, SpanCollector, TradingCollector
from app.telemetry.health import Health
from app.telemetry.lag_watch import EVERY_S, LagCollector, LagWatch, Watched
from app.telemetry.serve import Exposition
from app.telemetry.tracing import Tracing
from channels.dead_letters import DEAD_LETTERS

log = logging.getLogger(__name__)

_BEAT_S = 0.5
_OTLP_TIMEOUT_S = 3
"""For one batch of spans; it is sent from a thread, and what does not arrive is dropped and counted."""


class Observation:
    """Serves a registry, turns the health's heart, and looks at the lag, from start to stop."""

    def __init__(self, collectors: Iterable[Collector], watch: LagWatch, health: Health, settings: Settings) -> None:
        registry = new_registry()
        for collector in (*collectors, LagCollector(watch), HealthCollector(health)):
            registry.register(collector)
        self._watch, self._health, self._settings = watch, health, settings
        self._server = Exposition(registry, health, settings.metrics_host, settings.metrics_port)
        self._tasks: list[asyncio.Task[None]] = []
        self.url = ""
        """Where it is served; empty before it is."""

    async def start(self) -> None:
        """Raises ConfigurationError where the port is taken."""
        port = self._server.start()
        self.url = f"http://{self._settings.metrics_host}:{port}"
        log.info("metrics and health at %s", self.url)
        self._tasks = [asyncio.create_task(self._beat()), asyncio.create_task(watch_lag(self._watch, self._settings))]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.to_thread(self._server.stop)

    async def _beat(self) -> None:
        while True:
            self._health.beat()
            await asyncio.sleep(_BEAT_S)


def worker_observed(apps: Sequence[WorkerApp], settings: Settings) -> Observation:
    """A worker: started before its first partition is assigned, so that a long recovery can be watched, too."""
    runtimes = [app.runtime for app in apps]
    meters = [runtime.meter for runtime in runtimes]
    health = Health()
    health.readiness += [partial(readiness, app, virtual_time=settings.virtual_time) for app in apps]
    tracing = next((runtime.tracing for runtime in runtimes if runtime.tracing is not None), None)
    collectors = (
        *(() if tracing is None else (SpanCollector(tracing),)),
        RouteCollector(meters),
        TradingCollector([runtime.trading for runtime in runtimes], settings.bot),
        BookCollector(meters, settings.pairs, virtual_time=settings.virtual_time),
    )
    return Observation(collectors, lag_watch([runtime.stage for runtime in runtimes], settings), health, settings)


def traced(apps: Sequence[WorkerApp], settings: Settings) -> Tracing | None:
    """Tracing for these stages, where an endpoint is set."""
    if not settings.otlp_endpoint:
        return None
    tracing = Tracing(
        settings.trace_share,
        OTLPSpanExporter(endpoint=settings.otlp_endpoint, timeout=_OTLP_TIMEOUT_S),
        service=f"crossbook-{settings.namespace}",
        worker=worker_id(),
    )
    for app in apps:
        app.runtime.tracing = tracing
    return tracing


def exporter(stages: Iterable[Stage], settings: Settings) -> Observation:
    """Lag alone, of stages that run elsewhere, or nowhere."""
    return Observation((), lag_watch(stages, settings), Health(), settings)


def new_registry() -> CollectorRegistry:
    """A registry of one's own, with what every process has."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def lag_watch(stages: Iterable[Stage], settings: Settings) -> LagWatch:
    """The watch over these stages' groups and over the dead letters."""
    watched = [
        Watched(
            stage.name,
            group(stage, settings),
            {channel.name: channel.topic(settings) for channel in stage.consumes},
        )
        for stage in stages
    ]
    return LagWatch(watched, DEAD_LETTERS.topic(settings))


async def watch_lag(watch: LagWatch, settings: Settings) -> None:
    """Looks every few seconds until cancelled; while the broker is away nothing new is known, and that is said."""
    while True:
        try:
            async with LagReader(client_arguments(settings)) as reader:
                while True:
                    await watch.look(reader)
                    await asyncio.sleep(EVERY_S)
        except Retry as error:
            watch.forget()
            log.warning("lag is not known: %s; trying again", error)
            await asyncio.sleep(EVERY_S)
