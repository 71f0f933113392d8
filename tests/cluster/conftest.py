"""One real cluster for the whole session, and commands that see it."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.server import Cluster
from tests.cluster.tools import BIN, missing
from tests.commands import PROJECT, Answer, crossbook_at

PROFILES = """
[venues.binance]
fee_bps = 10
latency_ms = 20

[venues.kraken]
fee_bps = 16
latency_ms = 60
"""


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """It ends with the session, even if that is killed. Skips where its programs have not been built."""
    if absent := missing():
        pytest.skip(
            f"no {', '.join(absent)} in {BIN.relative_to(PROJECT)}: `make cluster-tools` builds what is missing"
        )
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="session")
def keda(cluster: Cluster) -> Cluster:
    """The same cluster, with KEDA's operator at work."""
    cluster.keda()
    return cluster


@pytest.fixture
def place(cluster: Cluster) -> str:
    """A namespace of the cluster that no other test uses, with the Secret that the chart wants."""
    name = cluster.namespace(f"t{uuid.uuid4().hex[:10]}")
    secret = {"metadata": {"name": "ledger"}, "stringData": {"ledger": "postgresql://nobody@nowhere/crossbook"}}
    cluster.request("POST", f"/api/v1/namespaces/{name}/secrets", secret)
    return name


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    file = tmp_path / "venues.toml"
    file.write_text(PROFILES)
    return file


@pytest.fixture
def values(tmp_path: Path) -> Path:
    """What an operator keeps in a file: here where KEDA looks often, for a test has not the time of a market."""
    file = tmp_path / "values.yaml"
    file.write_text(
        "secrets: {name: ledger}\n"
        "settings: {replication: 1}\n"  # of a Kafka that is one broker
        "autoscaling:\n  keda: {pollingInterval: 1}\n"
    )
    return file


@pytest.fixture
def crossbook(tmp_path: Path, profiles: Path) -> Callable[..., Answer]:
    """`crossbook("bots", "list", kubeconfig=..., broker=...)`: keyword arguments are settings."""

    def command(*arguments: str, cluster: Cluster | None = None, **settings: str) -> Answer:
        return crossbook_at(
            tmp_path,
            *arguments,
            settings={"home": str(tmp_path / "home"), "venues": str(profiles), **settings},
            environment=cluster.environment() if cluster else {"KUBECONFIG": "/nowhere", "HOME": str(tmp_path)},
            without=("KUBE",),
            timeout_s=300,
        )

    return command
