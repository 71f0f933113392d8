"""Commands that run until Ctrl-C: what they print once they are up, and what they end with."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.venues.profiles import DEMO
from tests.commands import PROJECT

pytestmark = pytest.mark.broker


@pytest.fixture(params=["run", "worker"])
def started(request, broker: str, namespace: str, home: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The command with --json, in a process group of its own, as a shell starts it."""
    home.mkdir()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CROSSBOOK_")}
    chosen = {"HOME": str(home), "BROKER": broker, "NAMESPACE": namespace, "VENUES": str(DEMO), "STAGES": "decide"}
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(  # noqa: S603 our own command
            [sys.executable, "-m", "app.cli", request.param, "--json"],
            env={**inherited, **{f"CROSSBOOK_{name}": value for name, value in chosen.items()}},
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            start_new_session=True,
        )
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_one_object_says_that_the_worker_is_up_and_ctrl_c_is_a_good_end(started, broker, namespace, home):
    assert started.stdout is not None
    told = json.loads(started.stdout.readline())
    os.killpg(started.pid, signal.SIGINT)
    rest, _ = started.communicate(timeout=60)

    assert (told["broker"], told["namespace"], told["stages"]) == (broker, namespace, ["decide"])
    assert told["worker"].endswith(f"-{told['pid']}")
    assert str(home) in told["ledger"]
    assert (started.returncode, rest) == (0, "")
