"""A bot: one market's release on a cluster, as the cluster tells it. What cannot be known is None, never 0."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from app.bots.cluster import Cluster, items
from app.bots.market import Market
from app.domain.errors import CrossbookError, NotRunning

MARKET = "crossbook.io/market"
"""Label of every object of a bot; the market's, with a dash for its slash."""
IDLE_AFTER = "crossbook.io/idle-after"
"""Label: seconds."""
IDLE_SINCE = "crossbook.io/idle-since"
"""Annotation of a Deployment that `bots reap` put to sleep: since when nothing came."""
REPLICAS = "crossbook.io/replicas"
"""Annotation of the same: how many it had, and gets again."""
RELEASE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
WORKER = "bot"
"""The component that trades: its release may have others, a job or an exporter."""

State = Literal["running", "starting", "asleep"]
Scaler = Literal["keda", "reap"]
_METRICS_PATIENCE_S = 3.0


class Worker(Struct, frozen=True):
    """One Deployment of a bot."""

    deployment: str
    wanted: int
    ready: int
    rest: int
    """Replicas that it had before `bots reap` put it to sleep."""


class Bot(Struct, frozen=True):
    market: str
    """BASE/QUOTE."""
    release: str
    state: State
    venues: list[str]
    namespace: str
    """Prefix of its channels and groups."""
    workers: list[Worker]
    pods: list[str]
    """That say they run."""
    scaler: Scaler
    idle_after_s: int | None
    idle_since: datetime | None
    """Of a bot asleep: since when nothing came."""
    created: datetime
    latency_s: float | None = None
    """Tick to order, of the last order."""
    last_trade: datetime | None = None


def bots(cluster: Cluster, market: Market | None = None) -> list[Bot]:
    """Every bot of the cluster's namespace, or that of one market, by market. Raises NotRunning without a cluster."""
    where = f"namespaces/{quote(cluster.namespace)}"
    theirs = MARKET if market is None else f"{MARKET}={market.label}"
    chosen, working = (f"?labelSelector={quote(each)}" for each in (theirs, f"{theirs},{COMPONENT}={WORKER}"))
    kept = items(cluster, f"/api/v1/{where}/configmaps{chosen}")
    settings = {_release(row): row["data"] for row in kept if "CROSSBOOK_NAMESPACE" in (row.get("data") or {})}
    scaled = items(cluster, f"/apis/keda.sh/v1alpha1/{where}/scaledobjects{chosen}")
    pods = items(cluster, f"/api/v1/{where}/pods{working}")
    releases: dict[str, list[dict[str, Any]]] = {}
    for row in items(cluster, f"/apis/apps/v1/{where}/deployments{working}"):
        releases.setdefault(_release(row), []).append(row)
    found = [
        _bot(release, rows, settings.get(release, {}), _of(release, scaled), _of(release, pods))
        for release, rows in releases.items()
    ]
    return sorted(found, key=lambda bot: bot.market)


def bot(cluster: Cluster, market: Market) -> Bot:
    """The bot of this market. Raises NotRunning where there is none."""
    for each in bots(cluster, market):
        return each
    raise NotRunning(
        f"no bot trades {market.pair} in namespace {cluster.namespace} of this cluster; "
        f"`crossbook bots list` shows those that are there, `crossbook bots deploy {market.pair}` starts one"
    )


def measured(cluster: Cluster, found: list[Bot]) -> list[Bot]:
    """The same, with what their workers say of themselves; asked all at once, for one that is away takes seconds."""
    if not found:
        return []
    with ThreadPoolExecutor(max_workers=8) as threads:
        return list(threads.map(lambda each: _measured(cluster, each), found))


def told(text: str, market: str) -> dict[str, float]:
    """A market's values in what a worker's /metrics says, by what follows `crossbook_bot_`."""
    try:
        return {
            sample.name.removeprefix("crossbook_bot_"): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name.startswith("crossbook_bot_") and sample.labels.get("market") == market
        }
    except ValueError:  # something else answers there
        return {}


def _measured(cluster: Cluster, found: Bot) -> Bot:
    said: dict[str, float] = {}
    for pod in found.pods:
        path = f"/api/v1/namespaces/{quote(cluster.namespace)}/pods/{quote(pod)}/proxy/metrics"
        try:
            text = cluster.look(path, _METRICS_PATIENCE_S)
        except CrossbookError:  # a policy, or a pod that starts: that it cannot be asked is no failure of the list
            continue
        said |= told(text or "", found.market)
    traded = said.get("last_trade_timestamp_seconds")
    latest = None if traded is None else datetime.fromtimestamp(traded, UTC)
    return replace(found, latency_s=said.get("latency_seconds"), last_trade=latest) if said else found


def _bot(
    release: str,
    deployments: list[dict[str, Any]],
    settings: Mapping[str, str],
    scaled: list[dict[str, Any]],
    pods: list[dict[str, Any]],
) -> Bot:
    workers = [_worker(row) for row in deployments]
    meta = deployments[0]["metadata"]
    labels = meta["labels"]
    wanted, ready = sum(each.wanted for each in workers), sum(each.ready for each in workers)
    state: State = "asleep" if not wanted else "running" if ready >= wanted else "starting"
    pairs = _list(settings.get("CROSSBOOK_PAIRS", ""))
    return Bot(
        market=pairs[0] if pairs else labels[MARKET].replace("-", "/", 1),
        release=release,
        state=state,
        venues=_list(settings.get("CROSSBOOK_VENUE_NAMES", "")),
        namespace=settings.get("CROSSBOOK_NAMESPACE", release),
        workers=workers,
        pods=sorted(row["metadata"]["name"] for row in pods if row.get("status", {}).get("phase") == "Running"),
        scaler="keda" if scaled else "reap",
        idle_after_s=_number(labels.get(IDLE_AFTER)),
        idle_since=_idle_since(deployments, scaled) if state == "asleep" else None,
        created=datetime.fromisoformat(meta["creationTimestamp"]),
    )


def _worker(row: dict[str, Any]) -> Worker:
    wanted = row["spec"].get("replicas", 1)
    rest = _number(row["metadata"].get("annotations", {}).get(REPLICAS)) or 1
    return Worker(
        deployment=row["metadata"]["name"],
        wanted=wanted,
        ready=row.get("status", {}).get("readyReplicas", 0),
        rest=max(wanted, rest),
    )


def _idle_since(deployments: list[dict[str, Any]], scaled: list[dict[str, Any]]) -> datetime | None:
    """By KEDA, when something last waited; by `bots reap`, when the newest message came."""
    said = [row.get("status", {}).get("lastActiveTime") for row in scaled]
    said += [row["metadata"].get("annotations", {}).get(IDLE_SINCE) for row in deployments]
    return max((datetime.fromisoformat(text) for text in said if text), default=None)


def _of(release: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if _release(row) == release]


def _release(row: dict[str, Any]) -> str:
    return str(row["metadata"]["labels"].get(RELEASE, ""))


def _list(text: str) -> list[str]:
    """A list as the chart writes a setting; nothing where somebody else wrote it."""
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return [str(each) for each in found] if isinstance(found, list) else []


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() else None
