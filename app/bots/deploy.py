"""Deploys a bot and stops it: a Helm release of the chart for one market."""

import json
import tempfile
import time
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from app.bots import programs
from app.bots.bot import IDLE_AFTER, MARKET, WORKER, Scaler, bot
from app.bots.cluster import Cluster
from app.bots.market import Market
from app.domain.errors import ConfigurationError, NotFound, NotRunning, TimedOut, UsageError
from app.settings import Settings
from app.venues.profiles import load_profiles

CHART = Path(__file__).parents[2] / "helm"
Wanted = Literal["auto", "keda", "reap"]
_LOOK_S = 0.5
"""Between two looks at a bot that starts."""
_BREATH_S = 15.0
"""Longer than Helm was told to wait, before it is thought to hang."""


class Deployed(Struct, frozen=True):
    market: str
    release: str
    kube_namespace: str
    namespace: str
    """Prefix of its channels and groups: feed its market into NAMESPACE.market_data."""
    venues: list[str]
    idle_after_s: int
    scaler: Scaler
    revision: int


def deploy(
    settings: Settings,
    cluster: Cluster,
    market: Market,
    venues: Sequence[str],
    *,
    idle_after_s: int,
    scaler: Wanted = "auto",
    values: Path | None = None,
    chart: str = "",
    wait: bool = True,
    timeout_s: int = 300,
) -> Deployed:
    """Installs the market's release, or upgrades it to this. What settings say (broker, profiles) goes along.

    Raises UsageError, ConfigurationError (a value that the chart refuses, with its path; no Helm), NotRunning (no
    cluster), TimedOut (its pods are not ready).
    """
    helm = programs.found(settings.helm, "helm")
    check_venues(settings, venues)
    if values is not None and not values.is_file():
        raise ConfigurationError(f"--values {values}: there is no such file")
    asleep_by = _scaler(cluster, scaler)
    own = values_of(settings, market, venues, idle_after_s, asleep_by)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:  # JSON is YAML; no secret is in it
        json.dump(own, file)
        file.flush()
        command = [helm, "upgrade", market.release, chart or str(_chart()), "--install"]
        command += ["--namespace", cluster.namespace, "--output", "json", "--timeout", f"{timeout_s}s"]
        command += ["--values", str(values)] if values else []
        said = programs.run([*command, "--values", file.name], patience_s=timeout_s + _BREATH_S)
    if wait:
        _until_ready(cluster, market, timeout_s)
    revision = json.loads(said)["version"]
    namespace = market.namespace(settings.namespace)
    return Deployed(
        market.pair, market.release, cluster.namespace, namespace, list(venues), idle_after_s, asleep_by, revision
    )


def stop(settings: Settings, cluster: Cluster, market: Market, timeout_s: int = 120) -> None:
    """Uninstalls the market's release. Its channels and its ledger stay. Raises NotRunning where there is none."""
    helm = programs.found(settings.helm, "helm")
    command = [helm, "uninstall", market.release, "--namespace", cluster.namespace, "--wait"]
    try:
        programs.run([*command, "--timeout", f"{timeout_s}s"], patience_s=timeout_s + _BREATH_S)
    except NotFound:
        raise NotRunning(
            f"no bot trades {market.pair} in namespace {cluster.namespace}: it has no release {market.release}"
        ) from None


def check_venues(settings: Settings, venues: Sequence[str]) -> None:
    """Two venues at least, each with a profile: a bot without one would stop at its start, on the cluster."""
    if len(set(venues)) < 2 or len(set(venues)) != len(venues):
        raise UsageError(f"--venues {','.join(venues)}: two different venues at least, as in binance,kraken")
    if settings.venues is None:
        raise ConfigurationError("CROSSBOOK_VENUES names no file of venue profiles, which a bot needs: docs/venues.md")
    profiles = load_profiles(settings.venues)
    known = sorted({*profiles, *(alias for profile in profiles.values() for alias in profile.aliases)})
    for venue in venues:
        if venue not in known:
            near = get_close_matches(venue, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known) or 'none'}"
            raise ConfigurationError(f"venue {venue!r} has no profile in {settings.venues}; {hint}")


def values_of(
    settings: Settings, market: Market, venues: Sequence[str], idle_after_s: int, scaler: Scaler
) -> dict[str, Any]:
    """The chart's values of a bot. All its stages share one process: a market is one partition, and a bot one pod."""
    found: dict[str, Any] = {
        "commonLabels": {MARKET: market.label, IDLE_AFTER: str(idle_after_s)},
        "settings": {
            "namespace": market.namespace(settings.namespace),
            "bot": market.pair,
            "pairs": [market.pair],
            "venue_names": list(venues),
            "partitions": 1,
        },
        "workers": {
            **{stage: {"enabled": False} for stage in ("decide", "execute", "account")},
            WORKER: {
                "enabled": True,
                "stages": ["decide", "execute", "account"],
                "replicas": 1,
                "minReplicas": 0,
                "maxReplicas": 1,
            },
        },
        "autoscaling": {"kind": "keda", "keda": {"cooldownPeriod": idle_after_s}}
        if scaler == "keda"
        else {"kind": "none"},
        "reap": {"enabled": scaler == "reap", "market": market.pair},
    }
    if settings.venues is not None:
        found["venues"] = settings.venues.read_text()
    if settings.broker:
        found["kafka"] = _kafka(settings)
    return found


def _kafka(settings: Settings) -> dict[str, str]:
    """The broker of the settings; what they leave at its default may stand in the operator's own values."""
    found = {"url": settings.broker}
    if settings.broker_security_protocol != "PLAINTEXT":
        found["securityProtocol"] = settings.broker_security_protocol
    if settings.broker_username:  # the password is never said: it is in a Secret
        found |= {"saslMechanism": settings.broker_sasl_mechanism, "username": settings.broker_username}
    return found


def _until_ready(cluster: Cluster, market: Market, timeout_s: float) -> None:
    """Not by Helm: to its --wait a Deployment of one replica that may be unavailable, as ours may, is always ready."""
    deadline = time.monotonic() + timeout_s
    while bot(cluster, market).state == "starting":
        if time.monotonic() > deadline:
            raise TimedOut(
                f"{market.pair}: no pod of release {market.release} was ready within {timeout_s:g} s; it stays, "
                f"`bots list` and `bots logs {market.pair}` say how it is, `bots stop {market.pair}` removes it"
            )
        time.sleep(_LOOK_S)


def _scaler(cluster: Cluster, wanted: Wanted) -> Scaler:
    if wanted == "reap":
        return "reap"
    served = cluster.look("/apis/keda.sh/v1alpha1") is not None
    if wanted == "keda" and not served:
        raise ConfigurationError("--scaler keda: KEDA is not on this cluster; install it, or give --scaler reap")
    return "keda" if served else "reap"


def _chart() -> Path:
    if not (CHART / "Chart.yaml").is_file():
        raise ConfigurationError(f"the chart is not in {CHART}; say where it is: --chart DIR")
    return CHART
