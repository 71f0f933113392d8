"""Whether a stage may be sent work: partitions assigned, tables recovered, books coming, ledger within reach."""

from time import monotonic, time
from typing import Any

from app.engine.sink import SinkRuntime
from app.telemetry.health import Check

_QUIET_S = 60.0
"""A live feed that brings no book for so long is taken for dead: every venue sends several a minute."""
_WRITING_S = 30.0
"""A transaction takes milliseconds; one that is under way for so long waits for its database."""


def readiness(app: Any, *, virtual_time: bool) -> list[Check]:
    """The checks of one stage's Faust app, each under the stage's name; they wait for nothing."""
    runtime = app.runtime
    stage = runtime.stage.name
    found = [
        Check(
            f"{stage}.partitions",
            runtime.assigned and not app.rebalancing,
            "assigned" if runtime.assigned else "not assigned yet, or taken away",
        )
    ]
    if runtime.stage.table:
        recovering = bool(app.in_recovery) or not runtime.assigned
        found.append(Check(f"{stage}.tables", not recovering, "recovering" if recovering else "recovered"))
    if runtime.stage.kind == "pure":
        found.append(_books(stage, max(runtime.meter.progress), virtual_time))
    if isinstance(runtime, SinkRuntime):
        found.append(_ledger(stage, runtime.writing_since))
    return found


def _books(stage: str, last: float, virtual_time: bool) -> Check:
    quiet = time() - last
    if virtual_time or not last:
        return Check(f"{stage}.books", True, "a recording" if virtual_time else "none has come yet")
    return Check(f"{stage}.books", quiet < _QUIET_S, f"the newest came {quiet:.1f} s ago")


def _ledger(stage: str, since: float | None) -> Check:
    late = 0.0 if since is None else monotonic() - since
    return Check(f"{stage}.ledger", late < _WRITING_S, "within reach" if late < 1 else f"writing for {late:.0f} s")
