"""Which ledger and which channels a command looks at: those of the settings, or those of a run."""

import json
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import NotFound, NotRunning
from app.run.folder import find, runs
from app.settings import Settings
from app.storage.address import address, file_of


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a command was pointed at. `settings` name its ledger and its namespace."""

    name: str
    """The run's, empty for what the settings themselves say."""
    settings: Settings

    @property
    def finished(self) -> bool:
        """Whether this is a run that came to its end, which its report is written at: no worker is left of it."""
        return bool(self.name) and (self.settings.home / "runs" / self.name / "report.html").is_file()

    @property
    def title(self) -> str:
        """As the heading of an answer says it."""
        return f"run {self.name}" if self.name else f"ledger of namespace {self.settings.namespace}"


def chosen(settings: Settings, run: str = "") -> Chosen:
    """`run` is a run's name or `latest`; empty: the ledger that the settings name where there is one, else the latest
    run's. Raises NotFound for a run that is not there, NotRunning where none was named and there is neither ledger.
    """
    if run:
        return _of(settings, find(settings, run))
    if has_ledger(settings):
        return Chosen("", settings)
    if not runs(settings):
        raise NotRunning(
            f"there is no ledger yet: neither {settings.home / 'ledger.db'} nor a run under {settings.home / 'runs'}; "
            "start `crossbook demo`, `crossbook replay` or a worker"
        )
    return _of(settings, find(settings, "latest"))


def running(settings: Settings, run: str = "") -> Chosen:
    """What may run now, ledger or no ledger yet: for commands that speak to workers."""
    try:
        return chosen(settings, run)
    except (NotFound, NotRunning):
        if run:
            raise
        return Chosen("", settings)


def has_ledger(settings: Settings) -> bool:
    """Whether the settings' own ledger is there; one on a server counts as there, asked or not."""
    file = file_of(address(settings.ledger_url))
    return file is None or file.is_file()


def _of(settings: Settings, folder: Path) -> Chosen:
    """A run's settings, as far as `run.json` keeps them."""
    try:
        known = json.loads((folder / "run.json").read_text())
        changes = {"namespace": known["namespace"], "partitions": known.get("partitions", settings.partitions)}
    except (OSError, ValueError, KeyError) as error:
        raise NotFound(
            f"{folder / 'run.json'} tells no run ({error!r}); choose another: `crossbook runs list`"
        ) from None
    url = known.get("ledger") or f"sqlite:///{folder.resolve()}/ledger.db"
    return Chosen(folder.name, settings.model_copy(update={**changes, "ledger": type(settings.ledger)(url)}))
