"""The cluster that the tests start: what is left of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.conftest import PROJECT
from tests.cluster.server import Cluster, until

pytestmark = [pytest.mark.cluster]


def test_processes_of_a_cluster_end_with_the_one_that_started_it(cluster: Cluster, tmp_path: Path) -> None:
    """Killed without a word, as a test run may be: nothing is left behind."""
    code = "\n".join(
        (
            "import sys, time; from pathlib import Path; from tests.cluster.server import Cluster",
            f"c = Cluster(Path({str(tmp_path / 'other')!r}))",
            "c.log.mkdir(parents=True); c._etcd()",
            "print(c._running['etcd'].pid, flush=True); time.sleep(60)",
        )
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as starter:  # noqa: S603
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        starter.kill()

    until(lambda: not Path(f"/proc/{pid}/exe").exists(), 20, lambda: f"etcd {pid} is still there")
