"""The schema's revision: brought up to ours by the process that opens the ledger first, and only read otherwise."""

from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.errors import ConfigurationError, Halt, NotRunning
from app.storage.migrations import HEAD

_LOCK = 0x43524F5353424F4F
"""Of PostgreSQL's advisory locks, ours: `CROSSBOO` in ASCII."""


async def migrate(engine: AsyncEngine, name: str) -> None:
    """Runs what is missing, in one transaction that one process at a time may hold.

    Raises ConfigurationError where the ledger is newer than this program.
    """
    async with engine.connect() as connection:
        if await connection.run_sync(revision) == HEAD:
            return
    async with engine.connect() as connection:
        await connection.execution_options(exclusive=True)
        async with connection.begin():
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            await connection.run_sync(_upgrade, name)


async def require_current(engine: AsyncEngine, name: str) -> None:
    """Raises NotRunning where there is no ledger yet, ConfigurationError where it is of another revision."""
    async with engine.connect() as connection:
        found = await connection.run_sync(revision)
    if found is None:
        raise NotRunning(f"{name} is empty; start a worker, a demo or a replay, which fills it")
    if found != HEAD:
        raise ConfigurationError(_mismatch(name, found))


def revision(connection: Connection) -> str | None:
    """The revision that the database says it is at; None where there is none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection, name: str) -> None:
    from alembic import command  # noqa: PLC0415 - a tenth of a second that only the first opening need pay
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = revision(connection)
    if found is not None and found not in known:
        raise ConfigurationError(_mismatch(name, found))
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise Halt(
            f"{name}: {error}; the revisions shipped with this program do not fit together: report it"
        ) from error


def _mismatch(name: str, found: str) -> str:
    return (
        f"{name} has schema revision {found}, this program {HEAD}; "
        "a newer ledger needs a newer Crossbook, an older one is brought up by starting a worker"
    )
