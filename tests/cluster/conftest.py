"""One real cluster for the whole session, and commands that see it."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cluster.server import Cluster
from tests.cluster.tools import BIN, missing

PROJECT = Path(__file__).parents[2]
PROFILES = """
[venues.binance]
fee_bps = 10
latency_ms = 20

[venues.kraken]
fee_bps = 16
latency_ms = 60
"""


class Answer(NamedTuple):
    """What a command ended with and printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)


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
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CROSSBOOK_", "KUBE"))}

    def command(*arguments: str, cluster: Cluster | None = None, **settings: str) -> Answer:
        chosen = {"home": str(tmp_path / "home"), "venues": str(profiles), **settings}
        variables = {f"CROSSBOOK_{name.upper()}": value for name, value in chosen.items()}
        done = subprocess.run(  # noqa: S603 our own list
            [sys.executable, "-m", "app.cli", *arguments],
            env={
                **inherited,
                **(cluster.environment() if cluster else {"KUBECONFIG": "/nowhere", "HOME": str(tmp_path)}),
                **variables,
                "PYTHONPATH": str(PROJECT),
                "COLUMNS": "200",
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)

    return command
