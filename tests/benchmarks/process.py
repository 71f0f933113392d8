"""A process under measurement: the worker, or one of the loops beside it. Started, looked at, ended."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from app.run.worker_process import WorkerProcess
from app.settings import Settings
from tests.benchmarks.ground import PROJECT

QUIXSTREAMS = PROJECT / ".venv/quixstreams/bin/python"
_TICKS = os.sysconf("SC_CLK_TCK")


class Usage(NamedTuple):
    """What the kernel says of a process."""

    cpu_s: float
    rss_mb: float
    peak_mb: float


def usage(pid: int) -> Usage:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    kilobytes = [int(status[name].split()[0]) for name in ("VmRSS", "VmHWM")]
    return Usage((int(fields[11]) + int(fields[12])) / _TICKS, kilobytes[0] / 1024, kilobytes[1] / 1024)


@asynccontextmanager
async def worker(settings: Settings) -> AsyncIterator[int]:
    """A `faust worker` with the stages that the settings name; its process id."""

    def say(line: str) -> None:
        print(f"  {line}", file=sys.stderr)

    process = WorkerProcess(settings, settings.home / "worker.log", say)
    await process.start()
    try:
        assert process.pid is not None
        yield process.pid
    finally:
        await process.stop()


@asynccontextmanager
async def child(module: str, python: Path | None = None, **arguments: Any) -> AsyncIterator[int]:
    """`tests/benchmarks/<module>.py` with its arguments as JSON; its process id. SIGTERM ends it."""
    file = f"tests/benchmarks/{module}.py"
    how = (
        [sys.executable, "-m", f"tests.benchmarks.{module}"] if python is None else [str(python), "-W", "ignore", file]
    )
    process = subprocess.Popen([*how, json.dumps(arguments)], cwd=PROJECT, stdin=subprocess.DEVNULL)  # noqa: S603, ASYNC220
    try:
        yield process.pid
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 20)
