"""The two programs that the chart brings along, run as a pod runs them."""

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
MIGRATE = CHART / "files" / "migrate.py"


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


def test_migrations_bring_a_ledger_up_and_may_be_repeated(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"

    first, again = (ran(MIGRATE, CROSSBOOK_LEDGER=url) for _ in range(2))

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == again.stdout
    assert "has schema revision" in first.stdout


def test_migrations_that_cannot_reach_the_database_end_with_one_line_and_no_password() -> None:
    done = ran(MIGRATE, CROSSBOOK_LEDGER="postgresql://u:hunter2@127.0.0.1:1/crossbook")

    assert done.returncode != 0
    assert done.stderr.startswith("crossbook: ledger postgresql://u:***@127.0.0.1:1/crossbook")
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr
