"""One start of Kafka's process, from app/broker/launch.py to its end."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.broker import launch
from app.broker.probe import cluster_of
from app.domain.errors import NotRunning, TimedOut


class BrokerProcess:
    """Runs the Java `command`, which writes `facts` and its process id to `state_file`, and its output to `console`.

    With `guarded` it ends when this object's process does: by the pipe on its standard input.
    """

    def __init__(self, command: Sequence[str], *, state_file: Path, facts: str, console: Path, guarded: bool) -> None:
        launcher = [sys.executable, "-I", "-S", launch.__file__]
        with console.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 our own list
                [*launcher, str(state_file), facts, "guarded" if guarded else "alone", *command],
                stdin=subprocess.PIPE if guarded else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the command, which then stops the broker last
            )
        self.pid = self._process.pid

    def ended(self) -> bool:
        return self._process.poll() is not None

    def wait_until_it_serves(self, port: int, cluster: str, deadline: float, why: Callable[[], str]) -> None:
        """Returns when the broker of `cluster` answers at `port`; `deadline` is on the monotonic clock.

        Raises NotRunning when the process ended, TimedOut; both say `why`.
        """
        while cluster_of("127.0.0.1", port, 1.0) != cluster:
            if self.ended():
                raise NotRunning(f"Kafka ended with code {self._process.returncode}: {why()}")
            if time.monotonic() > deadline:
                raise TimedOut(f"Kafka did not come to serve in time: {why()}")
            time.sleep(0.05)

    def end(self, grace: float = launch.GRACE_S) -> None:
        """SIGTERM, after `grace` seconds SIGKILL; returns when it has ended (or had)."""
        self._process.terminate()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.release()

    def release(self) -> None:
        """Closes the pipe: the guard ends a broker that is still there and that nobody adopted."""
        if self._process.stdin is not None:
            self._process.stdin.close()
