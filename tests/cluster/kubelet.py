"""The kubelet's part, played for one pod: its command is run here, with the variables that the cluster gives it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.server import Cluster


@contextmanager
def running(cluster: Cluster, place: str, deployment: str, folder: Path) -> Iterator[Path]:
    """Gives the file that the pod's output goes to. Paths, the ledger and the metrics' port are this machine's."""
    pod = cluster.get(f"/apis/apps/v1/namespaces/{place}/deployments/{deployment}")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    maps = f"/api/v1/namespaces/{place}/configmaps"
    variables: dict[str, str] = {}
    for source in container["envFrom"]:
        variables |= cluster.get(f"{maps}/{source['configMapRef']['name']}")["data"]
    variables |= {each["name"]: each["value"] for each in container["env"] if "value" in each}
    (files,) = [each["configMap"]["name"] for each in pod["volumes"] if each["name"] == "files"]
    folder.mkdir()
    for name, text in cluster.get(f"{maps}/{files}")["data"].items():
        (folder / name).write_text(text)
    here = {
        "CROSSBOOK_HOME": str(folder / "home"),
        "CROSSBOOK_VENUES": str(folder / "venues.toml"),
        "CROSSBOOK_LEDGER": f"sqlite:///{folder}/ledger.db",
        "CROSSBOOK_METRICS_HOST": "127.0.0.1",
        "CROSSBOOK_METRICS_PORT": "0",
        "CROSSBOOK_PARENT": str(os.getpid()),  # it leaves when this process is gone, however it went
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CROSSBOOK_")}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 our own chart's
            [sys.executable, "-m", *container["args"]],
            env={**inherited, **variables, **here},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield log
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
