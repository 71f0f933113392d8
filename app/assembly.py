"""From settings to a worker: profiles, rules, venues and the ledger put together around the topology."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import time_ns
from typing import Any

from msgspec import Struct

from app.broker.connection import client_arguments, wait_for_broker
from app.broker.topics import TopicSpec, create_topics
from app.domain.errors import ConfigurationError
from app.domain.execution import OrdersClosed
from app.domain.routing import JOIN, check
from app.domain.venue import VenueProfile
from app.engine.agent import build
from app.engine.control import ControlBus
from app.engine.outbox import Outbox
from app.engine.policy import patient
from app.engine.reader import MarketDataReader
from app.engine.stage import Stage
from app.engine.tap import TapSender
from app.engine.worker import WorkerApp, together
from app.observation import traced, worker_observed
from app.settings import Settings
from app.storage.ledger import Ledger
from app.telemetry.log_lines import as_json_lines
from app.topology import Surroundings, topology
from app.venues.paper import PaperState, PaperVenue
from app.venues.port import Books, VenuePort
from app.venues.profiles import apply_flags, load_profiles
from app.venues.routing_table import load_rules
from channels import ALL
from channels.channel import Channel
from channels.order_books import destination
from routes.wire_tap import wire_tap

log = logging.getLogger(__name__)


class VenueStates(Struct):
    """What the paper venues remember of one account."""

    account: str
    venues: dict[str, PaperState] = {}


def profiles_of(settings: Settings) -> dict[str, VenueProfile]:
    """Profile of every venue that is traded, with the overrides of the settings. Raises ConfigurationError."""
    known = load_profiles(settings.venues)
    return apply_flags(
        known,
        settings.venue_names or settings.expected_venues or tuple(known),
        fee_bps=settings.fee_bps,
        latency_ms=settings.latency_ms,
        funds=settings.funds,
        unlimited=settings.unlimited_funds and not settings.funds,
    )


def surroundings(settings: Settings, books: Books) -> Surroundings:
    """Paper venues on `books`, rules and profiles as the settings say. Raises ConfigurationError."""
    profiles = profiles_of(settings)
    rules = load_rules(settings.routing)
    check(rules, profiles, settings.pairs)
    locks: dict[str, asyncio.Lock] = {}

    def venue(name: str, state: VenueStates) -> VenuePort:
        held = state.venues.setdefault(name, PaperState())
        return PaperVenue(profiles[name], held, books, locks, depletion=settings.depletion)

    return Surroundings(settings, profiles, rules, venue, VenueStates, _forget, time_ns)


def _forget(state: VenueStates, closed: OrdersClosed) -> None:
    for name, client_order_id in closed.orders:
        if name in state.venues:
            state.venues[name].orders.pop(client_order_id, None)


def stages_of(settings: Settings) -> tuple[Stage, ...]:
    """The whole topology under these settings, for looking at; nothing is connected."""
    return topology(surroundings(settings, MarketDataReader(settings, {})))


def channels_of(around: Surroundings) -> tuple[Channel, ...]:
    """All channels: the fixed ones and those that rules name."""
    named = sorted({rule.to for rule in around.rules} - {JOIN, "drop"} | {around.settings.decide_source})
    fixed = {channel.name for channel in ALL}
    return (*ALL, *(destination(name) for name in named if name not in fixed))


async def create_channels(settings: Settings, channels: Sequence[Channel]) -> None:
    """Makes the topics that are missing, and the changelogs, before anybody uses them."""
    specs = [
        TopicSpec(channel.topic(settings), channel.partitions(settings), settings.replication, channel.config(settings))
        for channel in channels
    ]
    await create_topics(client_arguments(settings), specs)


def worker(settings: Settings) -> WorkerApp:
    """The Faust app of this process: the stages that the settings name, in one worker. Raises ConfigurationError."""
    connection = client_arguments(settings)
    reader = MarketDataReader(settings, connection)
    around = surroundings(settings, reader)
    outbox = Outbox(connection, timeout_ms=settings.send_timeout_ms)
    ledger = _LateLedger(settings)
    wanted = settings.stages.split(",")
    apps = [build(stage, settings, outbox, ledger.write) for stage in topology(around) if stage.name in wanted]
    if not apps:
        raise ConfigurationError(f"setting stages: {settings.stages!r} names no stage")

    def tap(share: float, box: Outbox) -> Any:
        return wire_tap(share=share, put=TapSender(settings, box).put)

    control = ControlBus(settings, connection, outbox, tap)
    tracing = traced(apps, settings)
    observation = worker_observed(apps, settings) if settings.metrics_port >= 0 else None
    closing = [each.stop for each in (observation, tracing) if each is not None]
    first = together(apps, settings, outbox, control, (reader.stop, ledger.close, *closing))

    async def prepare() -> None:
        if settings.log_format == "json":
            as_json_lines()
        await wait_for_broker(settings, say=lambda line: print(line, file=sys.stderr))
        await create_channels(settings, channels_of(around))
        if observation is not None:
            await observation.start()
            control.served_at = observation.url

    first.prepare = prepare
    if settings.reports:
        _report_daily(first, settings)
    return first


def _report_daily(first: WorkerApp, settings: Settings) -> None:
    """The report of the day that ended, by the leader alone, in a child process: drawing must not hold up trading."""

    @first.crontab(settings.report_at, timezone=UTC, on_leader=True)
    async def _report() -> None:
        day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
        out = str(settings.home / "reports")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app.cli",
            "report",
            "--day",
            day,
            "--out",
            out,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
        if process.returncode:  # an exception here would stop the worker
            log.error("report of %s failed with %s: %s", day, process.returncode, errors.decode(errors="replace"))
        else:
            log.info("report of %s is in %s", day, out)


class _LateLedger:
    """Opens the ledger with the first rows: a database that is away must not keep the other stages from starting."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.ledger_url
        self._ledger: Ledger | None = None

    async def write(self, rows: Sequence[Any]) -> None:
        if self._ledger is None:
            self._ledger = await patient(lambda: Ledger.open(self._url), "ledger")
        await self._ledger.write(rows)

    async def close(self) -> None:
        if self._ledger is not None:
            await self._ledger.close()
