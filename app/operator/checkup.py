"""What `crossbook doctor` looks at in this machine, beside anything of ours that runs. Each check is one row."""

import os
import platform
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Literal

from msgspec import Struct

from app.assembly import profiles_of
from app.broker.jars import kafka_version
from app.broker.java import find_java
from app.domain.errors import CrossbookError
from app.settings import Settings
from app.venues.routing_table import load_rules

State = Literal["ok", "warn", "fail"]
_GIB = 2**30
_BUILT = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""No working clock stands before Crossbook was written."""


class Finding(Struct, frozen=True):
    """One row. `advice` is what to do; empty where all is well."""

    check: str
    state: State
    found: str
    advice: str = ""


def machine(settings: Settings) -> list[Finding]:
    """Everything that needs no broker and no ledger."""
    checks: tuple[Callable[[Settings], Finding], ...] = (
        _settings, _python, _java, _maven, _jars, _disk, _memory, _clock, _profiles, _rules,
    )  # fmt: skip
    return [check(settings) for check in checks]


def without_settings(why: str) -> list[Finding]:
    """The rows where the settings cannot be read: that, and the one check that needs none of them."""
    return [Finding("settings", "fail", why, "correct it: `crossbook config path` names the file"), _python()]


def _settings(_: Settings) -> Finding:
    return Finding("settings", "ok", "all can be read; `crossbook config show` says where each is from")


def _python(_: Settings | None = None) -> Finding:
    found = platform.python_version()
    if sys.version_info[:2] == (3, 11):
        return Finding("Python", "ok", found)
    return Finding("Python", "fail", found, "install Python 3.11, remove .venv, run `make demo` again")


def _java(settings: Settings) -> Finding:
    try:
        return Finding("Java", "ok", find_java())
    except CrossbookError as error:
        state: State = "warn" if settings.broker else "fail"  # another broker is set: ours is not needed
        return Finding("Java", state, "none that fits", str(error))


def _maven(settings: Settings) -> Finding:
    found = shutil.which("mvn")
    if found:
        return Finding("Maven", "ok", found)
    if settings.broker or _jar_folder(settings).is_dir():
        return Finding("Maven", "ok", "none, and none is needed: the jars are there, or another broker is set")
    return Finding("Maven", "fail", "none", "install it once to fetch Kafka's jars: apt install maven")


def _jars(settings: Settings) -> Finding:
    folder = _jar_folder(settings)
    if folder.is_dir():
        return Finding("Kafka's jars", "ok", f"{len(list(folder.glob('*.jar')))} in {folder}")
    state: State = "ok" if settings.broker else "warn"
    return Finding(
        "Kafka's jars", state, "not there yet", "the first start of the embedded broker fetches them (45 MB)"
    )


def _jar_folder(settings: Settings) -> Path:
    return settings.home / "kafka" / kafka_version() / "libs"


def _disk(settings: Settings) -> Finding:
    at = next(folder for folder in (settings.home.absolute(), *settings.home.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(at).free
    found = f"{free / _GIB:.1f} GiB free at {at}"
    if not os.access(at, os.W_OK):
        return Finding("disk", "fail", f"{at} cannot be written", "correct its owner, or set CROSSBOOK_HOME")
    if free < _GIB // 2:
        return Finding("disk", "fail", found, "free some: `crossbook runs purge --keep 1`")
    if free < 2 * _GIB:
        return Finding("disk", "warn", found, "broker and ledger grow: `crossbook runs purge`, or set CROSSBOOK_HOME")
    return Finding("disk", "ok", found)


def _memory(settings: Settings) -> Finding:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return Finding("memory", "warn", "unknown: there is no /proc/meminfo here")
    found = f"{free / _GIB:.1f} GiB available"
    if free < _GIB and not settings.broker:
        return Finding("memory", "warn", found, "broker and worker want 700 MB together: end something else")
    return Finding("memory", "ok", found)


def _clock(settings: Settings) -> Finding:
    now = time()
    found = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    written = [file.stat().st_mtime for file in settings.home.glob("*") if file.exists()]
    if now < _BUILT or any(moment > now + 60 for moment in written):
        return Finding("clock", "fail", found, "it stands behind files already written; set it (timedatectl, NTP)")
    return Finding("clock", "ok", found)


def _profiles(settings: Settings) -> Finding:
    try:
        found = profiles_of(settings)
    except CrossbookError as error:
        return Finding("venue profiles", "fail", str(settings.venues), str(error))
    if not found:
        return Finding("venue profiles", "warn", "none", "set CROSSBOOK_VENUES to a file of them; see docs/venues.md")
    return Finding("venue profiles", "ok", ", ".join(sorted(found)))


def _rules(settings: Settings) -> Finding:
    try:
        found = load_rules(settings.routing)
    except CrossbookError as error:
        return Finding("routing table", "fail", str(settings.routing), str(error))
    where = str(settings.routing) if settings.routing else "none set: every pair goes to the join"
    return Finding("routing table", "ok", f"{where} ({len(found)} rules)")
