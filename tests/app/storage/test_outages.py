"""The database goes away: the stage hears Retry, and what waited is written once it is back."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from app.domain.errors import ConfigurationError, Retry
from app.storage.ledger import Ledger
from app.storage.tables import MessageRow
from app.storage.upsert import Upsert
from routes.message_store import message_store
from tests.app.storage.builders import origin
from tests.app.storage.postgres import Postgres


def messages(count: int, *, text: str = "") -> list[Upsert]:
    store = message_store()
    return [row for number in range(count) for row in store(None, origin(f"m{number}", causation_id=text))]


async def test_a_locked_file_is_waited_for(sqlite_url: str, tmp_path: Path) -> None:
    ledger = await Ledger.open(sqlite_url, timeout_s=0.1)
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(Retry, match=r"SQLite ledger .*ledger\.db: database is locked; another process holds it"):
        await ledger.write(messages(1))
    other.execute("ROLLBACK")
    await ledger.write(messages(1))

    assert await ledger.count(MessageRow) == 1
    other.close()
    await ledger.close()


async def test_a_locked_file_is_waited_for_at_the_opening_too(sqlite_url: str, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(Retry, match="database is locked"):
        await Ledger.open(sqlite_url, timeout_s=0.1)

    other.close()


async def test_a_full_disk_is_waited_for(sqlite_url: str) -> None:
    ledger = await Ledger.open(sqlite_url)
    rows = messages(2_000, text="x" * 2_000)

    with files_no_larger_than(1_000_000), pytest.raises(Retry, match="disk"):
        await ledger.write(rows)
    assert await ledger.count(MessageRow) == 0
    await ledger.write(rows)

    assert await ledger.count(MessageRow) == 2_000
    await ledger.close()


async def test_a_ledger_that_may_only_be_read_is_not_written(url: str) -> None:
    await (await Ledger.open(url)).close()
    reader = await Ledger.open(url, migrate=False)

    with pytest.raises(Retry, match=r"read-?only"):
        await reader.write(messages(1))

    await reader.close()


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Retry, match=r"ledger\.db: .*(exists|directory)"):
        await Ledger.open(f"sqlite:///{tmp_path}/file/ledger.db")


@pytest.mark.postgres
async def test_a_server_that_went_away_is_waited_for(postgres: Postgres, postgres_url: str) -> None:
    ledger = await Ledger.open(postgres_url)
    await ledger.write(messages(1))
    postgres.stop()

    try:
        with pytest.raises(Retry, match="see that") as caught:
            await ledger.write(messages(2))
        with pytest.raises(Retry, match="see that"):
            await Ledger.open(postgres_url)
    finally:
        postgres.start()
    await ledger.write(messages(2))

    assert await ledger.count(MessageRow) == 2
    assert postgres.password not in str(caught.value)
    assert "crossbook:***@127.0.0.1" in str(caught.value)
    await ledger.close()


@pytest.mark.postgres
async def test_a_server_that_does_not_answer_is_waited_for(postgres: Postgres, postgres_url: str) -> None:
    ledger = await Ledger.open(postgres_url, timeout_s=0.5)
    await ledger.write(messages(1))

    with postgres.frozen(), pytest.raises(Retry):
        await ledger.write(messages(2))
    await ledger.write(messages(2))

    assert await ledger.count(MessageRow) == 2
    await ledger.close()


@pytest.mark.postgres
async def test_a_row_held_by_another_session_is_waited_for(postgres_url: str) -> None:
    ledger = await Ledger.open(postgres_url, timeout_s=0.5)
    other = await asyncpg.connect(postgres_url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("LOCK TABLE messages")

    with pytest.raises(Retry):
        await ledger.write(messages(1))
    await transaction.rollback()
    await ledger.write(messages(1))

    assert await ledger.count(MessageRow) == 1
    await other.close()
    await ledger.close()


@pytest.mark.postgres
async def test_a_wrong_password_or_database_is_a_setting_to_correct(postgres: Postgres) -> None:
    with pytest.raises(ConfigurationError, match="correct user and password in CROSSBOOK_LEDGER") as password:
        await Ledger.open(postgres.url().replace(postgres.password, "wrong-one"))
    with pytest.raises(ConfigurationError, match=r"create the database.*CROSSBOOK_LEDGER") as database:
        await Ledger.open(postgres.url("nowhere"))

    assert "wrong-one" not in str(password.value)
    assert postgres.password not in str(database.value)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """The kernel refuses what would make a file larger: to SQLite a write that fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
