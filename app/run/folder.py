"""Runs: each replay and demo has channels, groups, ledger and logs of its own, under `<home>/runs/<name>/`."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import time_ns
from typing import Any

from app.domain.errors import NotFound
from app.domain.money import plain
from app.domain.venue import VenueProfile
from app.feeds.source import source_id
from app.settings import Settings
from app.storage.tables import RunRow


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `settings` are what its worker gets: the namespace and, unless one is set, the ledger are the run's."""

    name: str
    folder: Path
    settings: Settings

    @property
    def log(self) -> Path:
        return self.folder / "worker.log"


def new_run(settings: Settings, kind: str, source: str, **changes: Any) -> Run:
    """Makes the folder of a run named after time and source; `changes` are settings that hold in it alone."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")  # runs sort by their names
    name = f"{stamp}-{source_id(source)[:40]}"
    folder = settings.home / "runs" / name
    folder.mkdir(parents=True)
    url = f"sqlite:///{folder.resolve()}/ledger.db"
    chosen = settings.model_copy(
        update={"namespace": f"{kind}-{name}", "ledger": type(settings.ledger)(url), **changes}
    )
    (folder / "run.json").write_text(
        json.dumps(
            {
                "name": name,
                "kind": kind,
                "source": source,
                "namespace": chosen.namespace,
                "partitions": chosen.partitions,
                "ledger": url,
            },
            indent=1,
        )
    )
    return Run(name, folder, chosen)


def run_row(
    settings: Settings,
    profiles: Mapping[str, VenueProfile],
    name: str,
    mode: str,
    source: str,
    resolution_ns: int | None,
) -> RunRow:
    """What the ledger says of the run that it is the ledger of."""
    funds = "unlimited" if not any(profile.funds for profile in profiles.values()) else settings.funds or "as profiled"
    return RunRow(
        run=name,
        mode=mode,
        source=source,
        trade=settings.trade,
        join=settings.join,
        fees=_each(profiles, lambda profile: f"{plain(profile.fee_bps)} bp"),
        latency=_each(profiles, lambda profile: f"{profile.latency_ms} ms"),
        funds=funds,
        depletion=settings.depletion,
        resolution_ns=resolution_ns,
        wall_started=time_ns(),
    )


def _each(profiles: Mapping[str, VenueProfile], what: Callable[[VenueProfile], str]) -> str:
    """One value where all venues have the same, else each by name."""
    found = {name: what(profile) for name, profile in sorted(profiles.items())}
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    return ", ".join(f"{name} {value}" for name, value in found.items())


def runs(settings: Settings) -> list[dict[str, Any]]:
    """What is known of each run, oldest first."""
    return list(_known(settings.home / "runs"))


def find(settings: Settings, name: str) -> Path:
    """The folder of the run with this name, or the latest for `latest`. Raises NotFound where there is none."""
    known = runs(settings)
    chosen = [run for run in known if name in (run["name"], "latest")]
    if not chosen:
        names = ", ".join(run["name"] for run in known[-3:]) or "none at all"
        raise NotFound(f"no run {name!r} under {settings.home / 'runs'}; the latest are {names}")
    return Path(chosen[-1]["folder"])


def purge(settings: Settings, keep: int) -> list[dict[str, Any]]:
    """Removes the folders of all but the latest `keep` runs; says which: their channels are the caller's to delete."""
    known = runs(settings)
    gone = known[: max(0, len(known) - keep)]
    for run in gone:
        remove(Path(run["folder"]))
    return gone


def remove(folder: Path) -> None:
    """Removes a run's folder with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _known(home: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(home.glob("*/run.json")):
        try:
            yield {**json.loads(file.read_text()), "folder": str(file.parent)}
        except (OSError, ValueError):
            yield {"name": file.parent.name, "kind": "unreadable", "source": "", "folder": str(file.parent)}
