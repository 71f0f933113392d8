"""The crossbook command as a user runs it: a process of its own, in a home of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app.run.folder import new_run
from app.settings import Settings
from app.storage.ledger import Ledger
from app.storage.upsert import Upsert
from routes.channel_adapter import channel_adapter
from routes.message_store import message_store

PROJECT = Path(__file__).parents[3]


class Answer(NamedTuple):
    """What a command ended with and printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def crossbook(home: Path, tmp_path: Path) -> Callable[..., Answer]:
    """`crossbook("trades", "--json", namespace="x")`: keyword arguments are settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CROSSBOOK_")}

    def command(*arguments: str, **settings: str) -> Answer:
        chosen = {f"CROSSBOOK_{name.upper()}": value for name, value in {"home": str(home), **settings}.items()}
        done = subprocess.run(  # noqa: S603 our own list
            [sys.executable, "-m", "app.cli", *arguments],
            env={**inherited, **chosen, "PYTHONPATH": str(PROJECT), "COLUMNS": "200"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)

    return command


@pytest.fixture
def write(home: Path) -> Callable[..., Any]:
    """Writes messages, each as the account stage would, into the settings' ledger or that of a run."""
    adapt, keep = channel_adapter(), message_store()

    async def rows(*messages: tuple[Any, Any], run: str = "") -> Path:
        url = f"sqlite:///{home}/ledger.db"
        if run:
            made = new_run(Settings(home=home), "replay", run)
            url = made.settings.ledger_url
        ledger = await Ledger.open(url)
        found: list[Upsert] = []
        for body, origin in messages:
            found += [*adapt(body, origin), *keep(body, origin)]
        await ledger.write(found)
        await ledger.close()
        return Path(url.removeprefix("sqlite:///"))

    return rows
