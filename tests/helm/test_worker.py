"""A worker of the chart on a real Kafka: started by its command and settings, asked by its probes and its tests."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from tests.helm.chart import CHART, containers, environment, named, rendered

pytestmark = [pytest.mark.broker]
READ_ONLY = Path(__file__).parent / "read_only"
"""A folder for PYTHONPATH: with it nothing can be written but below the folders that WRITABLE names."""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def pod(broker: str, namespace: str, tmp_path: Path) -> Iterator[Callable[[str], tuple[subprocess.Popen[str], int]]]:
    """`pod("Deployment/it-crossbook-decide/worker")`: that container's command, in its environment, on a root that is
    read-only but for home and /tmp; and the port of its metrics."""
    port = free_port()
    values = f"kafka.url={broker},settings.namespace={namespace},metrics.port={port},exporter.enabled=true"
    resources = rendered("--set", values)
    files, home, scratch = (tmp_path / name for name in ("files", "home", "scratch"))
    for folder in (files, home, scratch):
        folder.mkdir()
    for name, text in named(resources, "ConfigMap", "it-crossbook-files")["data"].items():
        (files / name).write_text(text)
    started: list[subprocess.Popen[str]] = []

    def start(container: str) -> tuple[subprocess.Popen[str], int]:
        spec = containers(resources)[container]
        variables = environment(resources, spec, {"ledger": f"sqlite:///{home}/ledger.db"}) | {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONPATH": str(READ_ONLY),
            "PYTHONDONTWRITEBYTECODE": "1",  # as in the image
            "WRITABLE": f"{home}:{scratch}:/dev/",
            "TMPDIR": str(scratch),
            "CROSSBOOK_HOME": str(home),
            "CROSSBOOK_VENUES": str(files / "venues.toml"),
        }
        process = subprocess.Popen(  # noqa: S603 as in the pod
            [*spec["command"], *spec["args"]],
            cwd=home,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process, port

    yield start
    for process in started:
        process.kill()
        process.communicate()


def asked(port: int, path: str) -> int:
    """The status; 0 where nobody listens."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return 0


def until_answered(port: int, path: str, process: subprocess.Popen[str], within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while asked(port, path) != 200:
        assert process.poll() is None, process.communicate()[0][-2_000:]
        assert time.monotonic() < deadline, f"{path} of port {port} answered {asked(port, path)}"
        time.sleep(0.2)


Pod = Callable[[str], tuple[subprocess.Popen[str], int]]


@pytest.mark.parametrize("stage", ["decide", "execute", "account"])
def test_a_worker_of_the_chart_comes_up_is_probed_and_leaves_in_time(pod: Pod, stage: str) -> None:
    process, port = pod(f"Deployment/it-crossbook-{stage}/worker")

    until_answered(port, "/healthz", process)
    until_answered(port, "/readyz", process)
    tested = subprocess.run(  # noqa: S603 what the test pod runs
        [sys.executable, str(CHART / "files" / "ready.py"), "10", f"127.0.0.1:{port}"],
        capture_output=True,
        text=True,
        check=False,
    )
    process.terminate()
    words, _ = process.communicate(timeout=40)  # the chart's terminationGracePeriodSeconds

    assert tested.returncode == 0, tested.stderr
    assert process.returncode == 0, words[-2_000:]
    assert "Read-only" not in words


def test_the_doctor_of_the_chart_finds_all_well(pod: Pod) -> None:
    process, _ = pod("Pod/it-crossbook-test-doctor/doctor")

    said, _ = process.communicate(timeout=60)

    assert process.returncode == 0, said
    assert json.loads(said)["healthy"]


def test_the_exporter_of_the_chart_is_ready_without_workers(pod: Pod) -> None:
    process, port = pod("Deployment/it-crossbook-exporter/exporter")

    until_answered(port, "/healthz", process)
    until_answered(port, "/readyz", process)


def test_what_these_run_on_is_read_only(tmp_path: Path) -> None:
    """Else the tests above would show nothing."""
    code = f"open('{tmp_path}/inside', 'w'); open('{tmp_path.parent}/outside', 'w')"
    variables = {"PYTHONPATH": str(READ_ONLY), "WRITABLE": str(tmp_path)}

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=False
    )

    assert "Read-only file system" in done.stderr
    assert (tmp_path / "inside").exists()
