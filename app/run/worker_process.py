"""The worker as a child process: started, watched, started again when it dies, stopped; never outliving its parent."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from app.domain.errors import Halt
from app.settings import CONFIG_VARIABLE, Settings

MOST_RESTARTS = 3
_STOP_S = 15.0


def environment(settings: Settings) -> dict[str, str]:
    """Our environment with every setting spelt out, and no settings file: a child must not guess."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("CROSSBOOK_")}
    found |= {f"CROSSBOOK_{name.upper()}": _text(value) for name, value in settings if value is not None}
    return {**found, CONFIG_VARIABLE: ""}


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return json.dumps(value)
    return str(value)


class WorkerProcess:
    """One `faust worker`. `say` is told, on one line each, when it dies and is started again."""

    def __init__(
        self, settings: Settings, log: Path, say: Callable[[str], None], extra: Mapping[str, str] | None = None
    ) -> None:
        self._environment = {**environment(settings), "CROSSBOOK_PARENT": str(os.getpid()), **(extra or {})}
        self._log = log
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "faust",
                "-A",
                "app.main",
                "-L",
                "uvloop",
                "worker",
                "-l",
                "info",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
                cwd=Path(__file__).parents[2],
            )

    async def watch(self) -> None:
        """Starts it again when it dies, at most MOST_RESTARTS times; raises Halt, with its last words, after that."""
        while self._process is not None:
            code = await self._process.wait()
            if self._stopping:
                return
            if self.restarts == MOST_RESTARTS or code in (2, 4, 5):
                raise Halt(f"the worker ended with {code}, {self.restarts} restarts before: {self._last_words()}")
            self.restarts += 1
            self._say(f"worker ended with {code}; started again ({self.restarts} of {MOST_RESTARTS}), log {self._log}")
            await self.start()

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL after 15 s."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            self._say(f"worker {process.pid} did not stop within {_STOP_S:.0f} s and is killed")
            process.kill()
            await process.wait()

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        telling = [line for line in lines if "CRITICAL" in line or line.startswith("crossbook:")] or lines[-3:]
        return f"{' | '.join(telling[-2:])} (log {self._log})"
