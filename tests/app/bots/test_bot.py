"""A bot as a cluster tells it, from the API's own answers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from app.bots.bot import bot, bots, measured, told
from app.bots.idleness import Idleness, verdict
from app.bots.market import Market
from app.domain.errors import NotRunning

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
METRICS = """
# TYPE crossbook_bot_last_trade_timestamp_seconds gauge
crossbook_bot_last_trade_timestamp_seconds{market="BTC/USDT"} 1.7636e+09
# TYPE crossbook_bot_latency_seconds gauge
crossbook_bot_latency_seconds{market="BTC/USDT"} 0.0026
crossbook_bot_latency_seconds{market="ETH/USDT"} 7
"""


class Answers:
    """A cluster that says what it is given, by the last word of a path."""

    namespace = "trading"

    def __init__(self, **said: Any) -> None:
        self._said = said

    def look(self, path: str, timeout_s: float = 0) -> str | None:
        place, _, query = path.partition("?")
        found = self._said.get(place.rpartition("/")[2])
        if isinstance(found, Exception):
            raise found
        if not isinstance(found, list):
            return found
        wanted = [term.split("=") for term in unquote(query).partition("=")[2].split(",") if "=" in term]
        chosen = [each for each in found if all(each["metadata"]["labels"].get(key) == value for key, value in wanted)]
        return json.dumps({"items": chosen})

    def change(self, deployment: str, patch: dict[str, Any]) -> None:
        raise AssertionError


def row(name: str, *, component: str = "bot", market: str = "BTC-USDT", **more: Any) -> dict[str, Any]:
    release = f"crossbook-{market.lower()}"
    labels = {"crossbook.io/market": market, "crossbook.io/idle-after": "1800"}
    labels |= {"app.kubernetes.io/instance": release, "app.kubernetes.io/component": component}
    meta = {"name": name, "labels": labels, "creationTimestamp": "2026-11-20T10:00:00Z"}
    meta |= {"annotations": more.pop("annotations", {})}
    return {"metadata": meta, **more}


def deployment(wanted: int = 1, ready: int = 1, **more: Any) -> dict[str, Any]:
    return row("crossbook-btc-usdt-bot", spec={"replicas": wanted}, status={"readyReplicas": ready}, **more)


def settings() -> dict[str, Any]:
    data = {
        "CROSSBOOK_NAMESPACE": "prod-btc-usdt",
        "CROSSBOOK_PAIRS": '["BTC/USDT"]',
        "CROSSBOOK_VENUE_NAMES": '["a","b"]',
    }
    return row("crossbook-btc-usdt-settings", component="settings", data=data)


def test_a_bot_is_put_together_from_its_release():
    pods = [row("one", status={"phase": "Running"}), row("two", component="reap", status={"phase": "Running"})]
    exporter = row("an-exporter", component="exporter", spec={"replicas": 1})
    cluster = Answers(deployments=[deployment(), exporter], configmaps=[settings()], pods=pods, metrics=METRICS)

    (found,) = measured(cluster, bots(cluster))

    assert (found.market, found.state, found.venues, found.namespace) == (
        "BTC/USDT",
        "running",
        ["a", "b"],
        "prod-btc-usdt",
    )
    assert [worker.deployment for worker in found.workers] == ["crossbook-btc-usdt-bot"]
    assert (found.pods, found.scaler, found.idle_after_s) == (["one"], "reap", 1_800)
    assert (found.latency_s, found.last_trade) == (0.0026, datetime.fromtimestamp(1.7636e9, UTC))


def test_a_bot_whose_pod_cannot_be_asked_is_listed_without_what_it_would_say():
    pods = [row("one", status={"phase": "Running"})]
    cluster = Answers(deployments=[deployment(ready=0)], pods=pods, metrics=NotRunning("a policy"))

    (found,) = measured(cluster, bots(cluster))

    assert (found.state, found.latency_s, found.last_trade) == ("starting", None, None)


def test_since_when_a_sleeping_bot_is_idle_is_said_by_whoever_put_it_to_sleep():
    scaled = [row("x", status={"lastActiveTime": "2026-11-20T11:00:00Z"})]
    since = {"crossbook.io/idle-since": "2026-11-20T10:30:00+00:00", "crossbook.io/replicas": "2"}

    by_keda = bot(Answers(deployments=[deployment(0, 0)], scaledobjects=scaled), Market("BTC/USDT"))
    by_reap = bot(Answers(deployments=[deployment(0, 0, annotations=since)]), Market("BTC/USDT"))

    assert (by_keda.state, by_keda.scaler, by_keda.idle_since) == ("asleep", "keda", NOW - timedelta(hours=1))
    assert (by_reap.scaler, by_reap.idle_since, by_reap.workers[0].rest) == ("reap", NOW - timedelta(minutes=90), 2)


def test_a_market_without_a_bot_is_not_running():
    with pytest.raises(NotRunning, match="bots deploy BTC/USDT"):
        bot(Answers(), Market("BTC/USDT"))


@pytest.mark.parametrize("text", ["", "<html>not metrics</html>", "half a line{", METRICS.replace("BTC", "SOL")])
def test_what_says_nothing_of_the_market_tells_nothing(text):
    assert told(text, "BTC/USDT") == {}


@pytest.mark.parametrize(
    ("lag", "age_m", "asleep", "expected"),
    [
        (0, 31, False, "sleep"),
        (0, 29, False, "keep"),
        (1, 31, False, "keep"),
        (None, 31, False, "keep"),
        (0, None, False, "sleep"),
        (0, 31, True, "keep"),
        (1, 0, True, "wake"),
        (None, 31, True, "keep"),
    ],
)
def test_who_sleeps_and_who_wakes(lag, age_m, asleep, expected):
    newest = None if age_m is None else NOW - timedelta(minutes=age_m)

    found = verdict(
        Idleness(lag, newest), asleep=asleep, since=NOW - timedelta(hours=1), now=NOW, idle_after=timedelta(minutes=30)
    )

    assert found == expected


def test_a_young_bot_that_never_had_a_message_is_left_awake():
    found = Idleness(0, None)

    assert verdict(found, asleep=False, since=NOW, now=NOW, idle_after=timedelta(minutes=30)) == "keep"
