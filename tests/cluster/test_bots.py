"""Bots on a real API server, scaled by KEDA's own operator, or by `bots reap`, on the real lag of a real Kafka.

A node is made up: no pod runs on it. The bot that KEDA scales is run here in the kubelet's place, by its pod's command
and settings; of the others the reading is played. Everything that decides is real.
"""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.bots.bot import bot
from app.bots.cluster import FromInside
from app.bots.market import Market as Pair
from app.bots.reap import reap
from tests.cluster.kubelet import running
from tests.cluster.market import Market
from tests.cluster.server import Cluster, stays, until

pytestmark = [pytest.mark.cluster]
HOUR_S = 3_600.0
BTC = "/apis/apps/v1/namespaces/{}/deployments/crossbook-btc-usdt-bot"


def replicas(cluster: Cluster, place: str) -> int:
    wanted: int = cluster.get(BTC.format(place))["spec"]["replicas"]
    return wanted


def deployed(crossbook, cluster, place, broker, values, *more):
    """A bot for BTC/USDT, in a channel prefix that is the place's: Kafka is shared by tests."""
    return crossbook(
        *("bots", "deploy", "BTC/USDT", "--venues", "binance,kraken", "--values", str(values), "-n", place, "--json"),
        *more,
        cluster=cluster,
        broker=broker,
        namespace=place,
    )


@pytest.mark.broker
async def test_a_bot_is_deployed_listed_put_to_sleep_by_keda_woken_by_its_market_and_stopped(
    keda: Cluster, broker: str, place: str, values: Path, crossbook, capsys, tmp_path: Path
) -> None:
    market = Market(broker, f"{place}-btc-usdt")
    await market.open()
    await market.moves()

    done = deployed(crossbook, keda, place, broker, values, "--idle-after", "5s")

    assert done.code == 0, done.err
    assert done.json == {
        "market": "BTC/USDT",
        "release": "crossbook-btc-usdt",
        "kube_namespace": place,
        "namespace": f"{place}-btc-usdt",
        "venues": ["binance", "kraken"],
        "idle_after_s": 5,
        "scaler": "keda",
        "revision": 1,
    }
    (listed,) = crossbook("bots", "list", "-n", place, "--json", cluster=keda).json
    assert (listed["market"], listed["state"], listed["venues"]) == ("BTC/USDT", "running", ["binance", "kraken"])
    assert (listed["scaler"], listed["idle_after_s"]) == ("keda", 5)
    assert (listed["latency_s"], listed["last_trade"]) == (None, None)  # no pod runs that could say so: N/A, not 0

    said = crossbook("bots", "logs", "BTC/USDT", "-n", place, "--lines", "1", "--json", cluster=keda)
    assert [row["line"] for row in said.json] == ["[worker] ready"]
    stays(lambda: replicas(keda, place) == 1, 8)  # longer than idle-after: messages wait

    with running(keda, place, "crossbook-btc-usdt-bot", tmp_path / "pod") as log:
        await market.was_read(60, lambda: log.read_text()[-3_000:])
        began = time.monotonic()
        until(lambda: replicas(keda, place) == 0, 60, lambda: f"it never slept: {keda.log / 'keda'}")
        slept = time.monotonic() - began
    (listed,) = crossbook("bots", "list", "-n", place, "--json", cluster=keda).json
    assert listed["state"] == "asleep"
    assert datetime.now(UTC).timestamp() - datetime.fromisoformat(listed["idle_since"]).timestamp() < 120

    began = time.monotonic()
    await market.moves()
    until(lambda: replicas(keda, place) == 1, 60, lambda: f"it never woke: {keda.log / 'keda'}")
    woke = time.monotonic() - began
    with capsys.disabled():
        print(f"\nKEDA: asleep {slept:.1f} s after all was read (set: 5 s), awake {woke:.1f} s after new messages")

    (left,) = crossbook("bots", "reap", "-n", place, "--json", cluster=keda, broker=broker).json
    assert left["did"] == "left to KEDA"
    assert crossbook("bots", "stop", "BTC/USDT", "-n", place, cluster=keda).code == 0
    assert crossbook("bots", "list", "-n", place, "--json", cluster=keda).json == []
    again = crossbook("bots", "stop", "BTC/USDT", "-n", place, cluster=keda)
    assert (again.code, "no bot trades BTC/USDT" in again.err) == (3, True)


@pytest.mark.broker
async def test_without_keda_reap_puts_a_bot_to_sleep_and_wakes_it(
    cluster: Cluster, broker: str, place: str, values: Path, crossbook
) -> None:
    market = Market(broker, f"{place}-btc-usdt")
    await market.open()
    await market.moves(ago_s=HOUR_S)

    def reaped(*more: str) -> str:
        done = crossbook("bots", "reap", "-n", place, "--json", *more, cluster=cluster, broker=broker)
        assert done.code == 0, done.err
        (row,) = done.json
        return str(row["did"])

    done = deployed(crossbook, cluster, place, broker, values, "--idle-after", "30m", "--scaler", "reap")
    assert (done.code, done.json["scaler"]) == (0, "reap"), done.err
    assert reaped() == "kept"  # nothing was ever committed: it may be starting
    await market.is_read()
    await market.moves(1, ago_s=HOUR_S)
    assert reaped() == "kept"  # idle for long enough, and yet something waits
    await market.is_read()
    assert reaped("--dry-run") == "put to sleep"
    assert replicas(cluster, place) == 1
    assert reaped() == "put to sleep"
    assert replicas(cluster, place) == 0
    (listed,) = crossbook("bots", "list", "-n", place, "--json", cluster=cluster).json
    assert (listed["state"], listed["idle_since"] is None) == ("asleep", False)
    assert 3_500 < time.time() - datetime.fromisoformat(listed["idle_since"]).timestamp() < 4_000
    assert "asleep" in crossbook("bots", "list", "-n", place, cluster=cluster).out
    assert crossbook("bots", "logs", "BTC/USDT", "-n", place, cluster=cluster).code == 3
    assert reaped() == "kept"

    await market.moves(1)

    assert reaped() == "woken"
    assert replicas(cluster, place) == 1
    await market.is_read()
    assert reaped() == "kept"  # its newest message is new
    notes = cluster.get(BTC.format(place))["metadata"]["annotations"]
    assert not [name for name in notes if name.startswith("crossbook.io/")]


@pytest.mark.broker
async def test_the_cron_job_may_reap_its_own_bot_and_no_other(
    cluster: Cluster, broker: str, place: str, values: Path, crossbook, tmp_path: Path
) -> None:
    """With the token that the cluster gives its pod, by the same way that the pod goes."""
    market = Market(broker, f"{place}-btc-usdt")
    await market.open()
    await market.moves(1, ago_s=HOUR_S)
    await market.is_read()
    assert deployed(crossbook, cluster, place, broker, values, "--scaler", "reap").code == 0
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text(cluster.kubectl("create", "token", "crossbook-btc-usdt-reap", "-n", place))
    (account / "ca.crt").write_bytes(cluster.authority.read_bytes())
    (account / "namespace").write_text(place)
    inside = FromInside(cluster.url, account)

    (done,) = await reap(market.settings, inside, Pair.of("BTC/USDT"))

    assert done.did == "put to sleep"
    assert replicas(cluster, place) == 0
    assert bot(inside, Pair.of("BTC/USDT")).state == "asleep"
    who = f"--as=system:serviceaccount:{place}:crossbook-btc-usdt-reap"
    assert may(cluster, "patch", "deployment/crossbook-btc-usdt-bot", place, who)
    assert not may(cluster, "patch", "deployment/another", place, who)
    assert not may(cluster, "get", "secret/ledger", place, who)


def may(cluster: Cluster, verb: str, what: str, place: str, who: str) -> bool:
    asked = ["auth", "can-i", verb, what, "-n", place, who]
    try:
        return cluster.kubectl(*asked).strip() == "yes"
    except AssertionError:
        return False


def test_a_bot_that_cannot_be_ready_in_time_ends_with_5(cluster: Cluster, place: str, values: Path, crossbook) -> None:
    values.write_text(
        json.dumps({"secrets": {"name": "ledger"}, "workerDefaults": {"nodeSelector": {"there": "none"}}})
    )

    done = deployed(crossbook, cluster, place, "kafka://127.0.0.1:9", values, "--timeout", "3")

    assert done.code == 5, done.err
    assert "bots stop BTC/USDT" in done.err
    assert crossbook("bots", "list", "-n", place, "--json", cluster=cluster).json[0]["state"] == "starting"


def test_what_the_chart_refuses_ends_with_4_and_says_where(
    cluster: Cluster, place: str, values: Path, crossbook
) -> None:
    values.write_text("secrets: {name: ledger}\nautoscaling:\n  keda: {pollingInterval: often}\n")

    done = deployed(crossbook, cluster, place, "kafka://127.0.0.1:9", values)

    assert done.code == 4
    assert "autoscaling" in done.err
    assert "pollingInterval" in done.err
    assert crossbook("bots", "list", "-n", place, "--json", cluster=cluster).json == []


def test_a_value_that_only_a_person_can_know_is_asked_for(
    cluster: Cluster, place: str, tmp_path: Path, crossbook
) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("{}")

    done = deployed(crossbook, cluster, place, "kafka://127.0.0.1:9", empty)

    assert done.code == 4
    assert "secrets.name" in done.err
