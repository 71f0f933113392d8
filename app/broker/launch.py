"""Becomes the broker: run as a script, writes the state file, leaves a guard behind where asked, turns into Java.

    python -I -S launch.py STATE_FILE STATE_JSON guarded|alone JAVA ARGUMENT...

The process that writes the state file is the one that becomes Java, so there is no moment at which a broker runs that
nobody could find again. The guard ends the broker when the starter's end of the pipe on standard input closes, as it
does however the starter dies. (PR_SET_PDEATHSIG was rejected: it fires when the starting *thread*
ends, and is Linux alone.)

Standard library only: it runs isolated, before and beside the application.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

GRACE_S = 15.0  # for a clean shutdown before SIGKILL


def birth(pid: int) -> str:
    """When the process started, opaque; with `pid` it names one process for ever. Empty when it is dead or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return "" if fields[0] in "ZX" else f"{fields[19]}@{boot}"
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
    said = subprocess.run(  # no /proc: macOS  # noqa: S603 our own list
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return "" if not said or said[0].startswith("Z") else " ".join(said[1:])


def end(pid: int, born: str, grace: float = GRACE_S) -> None:
    """Ends that very process: SIGTERM, then SIGKILL after `grace` seconds. Returns when it is gone (or was)."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        if birth(pid) != born:
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while birth(pid) == born and time.monotonic() < deadline:
            time.sleep(0.02)


def _adopted(file: str) -> bool:
    """Whether somebody has asked for it to live on: EmbeddedBroker did, in the state file."""
    try:
        return bool(json.loads(Path(file).read_text())["keeper"] is None)
    except (OSError, ValueError, KeyError):
        return False


def _guard(file: str, pid: int, born: str) -> None:
    os.setsid()
    while birth(pid) == born:
        readable, _, _ = select.select([0], [], [], 1.0)
        if readable and not os.read(0, 1):
            if not _adopted(file):
                end(pid, born)
            return


def main(arguments: list[str]) -> None:
    file, state, guarded, *command = arguments
    pid = os.getpid()
    born = birth(pid)
    fresh = Path(file + ".new")
    fresh.write_text(json.dumps({**json.loads(state), "pid": pid, "born": born}))
    fresh.replace(file)
    if guarded == "guarded" and os.fork() == 0:
        try:
            _guard(file, pid, born)
        finally:
            os._exit(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.execv(command[0], command)  # noqa: S606 a list, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
