"""The crossbook command as a user runs it: a process of its own, in a home of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.run.folder import new_run
from app.settings import Settings
from app.storage.ledger import Ledger
from app.storage.upsert import Upsert
from routes.channel_adapter import channel_adapter
from routes.message_store import message_store
from tests.commands import Answer, crossbook_at


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def crossbook(home: Path, tmp_path: Path) -> Callable[..., Answer]:
    """`crossbook("trades", "--json", namespace="x")`: keyword arguments are settings."""

    def command(*arguments: str, **settings: str) -> Answer:
        return crossbook_at(tmp_path, *arguments, settings={"home": str(home), **settings})

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
