"""Two free loopback ports, the same ones after a restart if nobody took them meanwhile."""

import json
import random
import socket
from pathlib import Path

from app.domain.errors import ConfigurationError

# Under 32768, where Linux takes the ports of outgoing connections from: one of those could sit on ours at a restart.
FIRST, LAST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether 127.0.0.1:port can be listened on now. A server may take it a moment later."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed broker's TIME_WAIT does not count
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def choose(file: Path) -> tuple[int, int]:
    """(broker, controller): those that `file` remembers, each replaced if it is taken; `file` remembers the answer.

    Raises ConfigurationError when no port is free.
    """
    remembered = _remembered(file)
    chosen: list[int] = []
    candidates = [*remembered, *random.sample(range(FIRST, LAST), 200)]
    for candidate in candidates:
        if candidate not in chosen and is_free(candidate):
            chosen.append(candidate)
        if len(chosen) == 2:
            file.write_text(json.dumps(chosen))
            return chosen[0], chosen[1]
    raise ConfigurationError(f"no free port for the embedded broker on 127.0.0.1 between {FIRST} and {LAST}; free one")


def forget(file: Path) -> None:
    """The ports in `file` turned out to be taken: choose others next time."""
    file.unlink(missing_ok=True)


def _remembered(file: Path) -> list[int]:
    try:
        ports = json.loads(file.read_text())
        return [int(port) for port in ports][:2]
    except (OSError, ValueError, TypeError):
        return []
