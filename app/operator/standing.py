"""How Crossbook stands: broker, groups, workers, ledger. What cannot be known is None, never 0."""

from time import time_ns
from typing import Any

from msgspec import Struct
from sqlalchemy import func
from sqlmodel import select

from app.assembly import stages_of
from app.broker.connection import client_arguments
from app.broker.offsets import Offsets
from app.domain.control import Answer, Status
from app.domain.errors import ConfigurationError, CrossbookError, NotRunning, Retry
from app.engine.stage import Stage
from app.engine.worker import group
from app.operator.bus import ask, gates, new_command_id
from app.operator.reachable import reachable
from app.settings import Settings
from app.storage.ledger import Ledger
from app.storage.tables import MessageRow
from app.storage.totals import Counts, counts


class StageStanding(Struct, frozen=True):
    """One stage's consumer group."""

    stage: str
    group: str
    lag: int | None
    """Messages behind; None: the group never committed, or the channel is not there."""
    gate: str | None
    """`open` or `paused`, as was last said on the control channel; None: no worker answered that could obey it."""
    workers: int
    """That answered and run it."""


class LedgerStanding(Struct, frozen=True):
    """What the ledger holds, and how old that is."""

    name: str
    counts: Counts
    age_s: float | None
    """Seconds since the newest message that it knows of was sent; None: there is none."""


class Standing(Struct, frozen=True):
    taken_at: int
    """Wall clock, ns."""
    broker: str | None
    namespace: str
    stages: list[StageStanding]
    workers: list[Answer]
    ledger: LedgerStanding | None
    notes: list[str]


async def standing(settings: Settings, timeout_s: float) -> Standing:
    """A look at everything, as far as it can be reached; workers have `timeout_s` to answer."""
    notes: list[str] = []
    ledger = await _ledger(settings, notes)
    try:
        settings = await reachable(settings)
    except NotRunning as error:
        return Standing(time_ns(), None, settings.namespace, [], [], ledger, [*notes, str(error)])
    workers, said, behind = [], {}, {}
    try:
        said = await gates(settings)
        workers = await ask(settings, Status(new_command_id()), timeout_s)
        behind = await lags(settings)
    except (Retry, ConfigurationError) as error:
        notes.append(str(error))
    stages = [
        StageStanding(
            stage.name,
            group(stage, settings),
            behind.get(stage.name),
            said.get(stage.name) if workers else None,
            sum(stage.name in answer.state for answer in workers),
        )
        for stage in stages_at(settings)
    ]
    return Standing(time_ns(), settings.broker, settings.namespace, stages, workers, ledger, notes)


def stages_at(settings: Settings) -> tuple[Stage, ...]:
    """Their names and channels: no profile, rule or join changes these, so a broken one must not blind us."""
    plain: dict[str, Any] = {"venues": None, "routing": None, "venue_names": (), "expected_venues": (), "join": "each"}
    return stages_of(settings.model_copy(update={**plain, "fee_bps": "", "latency_ms": "", "funds": "", "pairs": ()}))


async def lags(settings: Settings) -> dict[str, int | None]:
    """Messages behind, by stage; None: the group never committed, or a channel is not there."""
    async with Offsets(client_arguments(settings)) as offsets:
        return {stage.name: await _lag(offsets, stage, settings) for stage in stages_at(settings)}


async def _lag(offsets: Offsets, stage: Stage, settings: Settings) -> int | None:
    try:
        ends = await offsets.end_offsets([channel.topic(settings) for channel in stage.consumes])
    except ConfigurationError:
        return None  # a channel is not there: no worker has run
    done = await offsets.committed_offsets(group(stage, settings))
    if not done and any(ends.values()):
        return None
    return sum(max(0, end - done.get(place, 0)) for place, end in ends.items())


async def _ledger(settings: Settings, notes: list[str]) -> LedgerStanding | None:
    try:
        ledger = await Ledger.open(settings.ledger_url, migrate=False, timeout_s=2.0)
        try:
            [(newest,)] = await ledger.tuples(select(func.max(MessageRow.wall_sent)))
            age = None if not newest else round((time_ns() - newest) / 1e9, 1)
            return LedgerStanding(ledger.name, await counts(ledger), age)
        finally:
            await ledger.close()
    except CrossbookError as error:
        notes.append(str(error))
        return None
