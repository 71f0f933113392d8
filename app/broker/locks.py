"""One process at a time: a lock that the system lets go when its holder dies, so that none is ever stale."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.errors import TimedOut


@contextmanager
def exclusive(path: Path, timeout: float) -> Iterator[None]:
    """Holds the lock file `path`, created if missing; waits at most `timeout` seconds, then raises TimedOut."""
    deadline = time.monotonic() + timeout
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)  # not inherited: a child must not hold it on
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimedOut(
                        f"another command has held {path} for {timeout:.0f} s; wait for it or end it, then try again"
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)
