"""What is known of the embedded broker between commands: `broker.json`, which a running broker wrote of itself."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import msgspec

from app.broker.launch import birth


class BrokerState(msgspec.Struct, frozen=True, kw_only=True):
    """One start of the broker. `born` tells its process from a later one that got the same `pid`."""

    pid: int
    born: str
    port: int
    controller_port: int
    cluster: str
    started_at: str  # ISO 8601, UTC
    keeper: int | None  # the process with whose end it ends; None for a detached one
    keeper_born: str = ""

    @property
    def url(self) -> str:
        return f"kafka://127.0.0.1:{self.port}"

    def alive(self) -> bool:
        """Whether that very process runs; it may still be starting, or be stuck."""
        return bool(self.born) and birth(self.pid) == self.born

    def doomed(self) -> bool:
        """Whether its keeper is dead, so that it is about to be ended too."""
        return self.keeper is not None and birth(self.keeper) != self.keeper_born

    def adopt(self, file: Path) -> None:
        """Writes to `file` that it is to outlive its keeper."""
        fresh = file.with_suffix(".adopted")
        fresh.write_bytes(msgspec.json.encode(msgspec.structs.replace(self, keeper=None, keeper_born="")))
        fresh.replace(file)

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """The state in `file`; None when there is none, or it is damaged (by a full disk, say) and so tells nothing."""
        try:
            return msgspec.json.decode(file.read_bytes(), type=cls)
        except (FileNotFoundError, msgspec.DecodeError):
            return None


def facts(*, port: int, controller_port: int, cluster: str, guarded: bool) -> str:
    """The part of the state that is known before the process is, as JSON for app/broker/launch.py."""
    known: dict[str, Any] = {
        "port": port,
        "controller_port": controller_port,
        "cluster": cluster,
        "started_at": datetime.now(UTC).isoformat(),
        "keeper": os.getpid() if guarded else None,
        "keeper_born": birth(os.getpid()) if guarded else "",
    }
    return json.dumps(known)
