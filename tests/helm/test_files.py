"""The program that the chart brings along, run as a pod runs it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.registry import CollectorRegistry

from app.telemetry.health import Check, Health
from app.telemetry.serve import Exposition
from tests.helm.chart import CHART, PROJECT, containers, rendered

READY = CHART / "files" / "ready.py"


def ran(program: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 as in the pod
        [sys.executable, "-c", program.read_text(), *arguments],
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", "CROSSBOOK_CONFIG": "", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def worker() -> Iterator[tuple[str, list[Check]]]:
    """HOST:PORT of a worker's real health, and the checks it answers with."""
    health, checks = Health(), [Check("decide.partitions", ok=True, detail="assigned")]
    health.readiness.append(lambda: checks)
    server = Exposition(CollectorRegistry(), health, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.start()}", checks
    server.stop()


def test_a_ready_worker_passes(worker: tuple[str, list[Check]]) -> None:
    address, _ = worker

    done = ran(READY, "0", address)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"ready: {address}\n", "")


def test_a_worker_that_is_not_ready_fails_and_says_why(worker: tuple[str, list[Check]]) -> None:
    address, checks = worker
    checks[0] = Check("decide.tables", ok=False, detail="recovering")

    done = ran(READY, "0", address)

    assert done.returncode == 1
    assert "503" in done.stderr
    assert "recovering" in done.stderr


@pytest.mark.parametrize(
    ("address", "words"),
    [("127.0.0.1:1", "Connection refused"), ("no-such-service.invalid:9464", "no worker has an address")],
)
def test_a_service_without_workers_fails(address: str, words: str) -> None:
    done = ran(READY, "0", address)

    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_test_pod_runs_it_on_every_worker() -> None:
    container = containers(rendered())["Pod/it-crossbook-test-ready/ready"]

    assert container["command"][:2] == ["python", "-c"]
    assert container["command"][2].strip() == READY.read_text().strip()
    assert container["args"][1:] == [
        f"it-crossbook-{stage}.default.svc:9464" for stage in ("account", "decide", "execute")
    ]
