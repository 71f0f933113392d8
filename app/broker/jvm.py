"""The Java command lines: how the broker runs, and how its log folder is formatted before the first time."""

import base64
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path

from app.broker.properties import server_properties, write_properties
from app.domain.errors import NotRunning

LOG4J = Path(__file__).with_name("log4j2.xml")
_QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")  # formatting lives for a second


def broker_command(java: str, jars: Path, properties: Path, log: Path, heap_mb: int) -> list[str]:
    """Kafka's server, its warnings in `log`. The default compilers, which carry more load than TieredStopAtLevel=1."""
    return [
        java,
        f"-Xmx{heap_mb}m",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={LOG4J.as_uri()}",
        f"-Dcrossbook.broker.log={log}",
        *("-cp", f"{jars}/*"),  # Java expands it; no shell comes near
        "kafka.Kafka",
        str(properties),
    ]


def format_storage(java: str, jars: Path, data: Path, cluster: str) -> None:
    """Makes the log folder `data` for cluster id `cluster`; it is there whole or, if this is interrupted, not at all.

    Raises NotRunning with what Kafka's StorageTool said.
    """
    for leftover in data.parent.glob("format-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    # A folder of our own: a tool whose starter was killed may be at work still, and knows another cluster id.
    scratch = Path(tempfile.mkdtemp(prefix="format-", dir=data.parent))
    try:
        properties, fresh = scratch / "format.properties", scratch / data.name
        write_properties(properties, server_properties(fresh, 1, 2))
        command = [java, *_QUICK, "-cp", f"{jars}/*", "kafka.tools.StorageTool", "format"]
        command += ["--config", str(properties), "--cluster-id", cluster]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 our own list
        if done.returncode != 0:
            raise NotRunning(f"Kafka could not format {fresh}: {last_lines(done.stdout + done.stderr, 5)}")
        fresh.rename(data)
    except subprocess.TimeoutExpired:
        raise NotRunning(f"formatting {data} took more than 120 s; is the disk all right?") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def new_cluster_id() -> str:
    """A random cluster id as Kafka makes them: 16 bytes in base64; never a leading dash, which would be an option."""
    made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return new_cluster_id() if made.startswith("-") else made


def cluster_id(data: Path) -> str | None:
    """The cluster id that log folder `data` was formatted for; None when it was not formatted."""
    try:
        lines: Mapping[str, str] = dict(
            line.split("=", 1) for line in (data / "meta.properties").read_text().splitlines() if "=" in line
        )
    except FileNotFoundError:
        return None
    return lines.get("cluster.id")


def last_lines(text: str, count: int) -> str:
    """The last `count` lines of `text` that are neither empty nor a Java stack frame, joined by " | "."""
    lines = [line.strip() for line in text.splitlines()]
    return " | ".join([line for line in lines if line and not line.startswith(("at ", "... ", "SLF4J"))][-count:])
