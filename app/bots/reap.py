"""Puts bots to sleep whose market is idle, and wakes those whose market moves: where KEDA does not."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec import Struct

from app.bots.bot import IDLE_SINCE, REPLICAS, Bot, bots
from app.bots.cluster import Cluster
from app.bots.idleness import Idleness, Verdict, idleness, verdict
from app.bots.market import Market
from app.operator.reachable import reachable
from app.settings import Settings

Did = Literal["put to sleep", "woken", "kept", "left to KEDA", "never sleeps"]
_DID: dict[Verdict, Did] = {"sleep": "put to sleep", "wake": "woken", "keep": "kept"}


class Reaped(Struct, frozen=True):
    """What was done with one bot, and on what grounds."""

    market: str
    did: Did
    lag: int | None
    newest: datetime | None
    idle_after_s: int | None


async def reap(
    settings: Settings, cluster: Cluster, market: Market | None = None, *, dry: bool = False
) -> list[Reaped]:
    """Looks at every bot of the namespace, or that of one market, once. `dry` says what it would do.

    Raises NotRunning without a cluster or a broker; Retry when that goes away meanwhile.
    """
    found = bots(cluster, market)
    if not any(_ours(each) for each in found):
        return [_left(each) for each in found]
    settings = await reachable(settings)
    return [await _reaped(settings, cluster, each, dry) if _ours(each) else _left(each) for each in found]


def _ours(bot: Bot) -> bool:
    return bot.scaler == "reap" and bot.idle_after_s is not None


def _left(bot: Bot) -> Reaped:
    return Reaped(bot.market, "left to KEDA" if bot.scaler == "keda" else "never sleeps", None, None, bot.idle_after_s)


async def _reaped(settings: Settings, cluster: Cluster, bot: Bot, dry: bool) -> Reaped:
    found = await idleness(settings.model_copy(update={"namespace": bot.namespace}))
    now = datetime.now(UTC)
    said = verdict(
        found,
        asleep=bot.state == "asleep",
        since=bot.created,
        now=now,
        idle_after=timedelta(seconds=bot.idle_after_s or 0),
    )
    if not dry and said != "keep":
        _change(cluster, bot, found, said)
    return Reaped(bot.market, _DID[said], found.lag, found.newest, bot.idle_after_s)


def _change(cluster: Cluster, bot: Bot, found: Idleness, said: Verdict) -> None:
    """One patch a Deployment: what it had is written in the same breath, so that nothing is forgotten half-way."""
    for worker in bot.workers:
        if said == "sleep":
            since = (found.newest or bot.created).isoformat()
            notes: dict[str, str | None] = {IDLE_SINCE: since, REPLICAS: str(worker.wanted or worker.rest)}
            replicas = 0
        else:
            notes, replicas = {IDLE_SINCE: None, REPLICAS: None}, worker.rest
        cluster.change(worker.deployment, {"metadata": {"annotations": notes}, "spec": {"replicas": replicas}})
