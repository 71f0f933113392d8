"""Every error of the databases and their drivers, as one of ours.

What may heal (away, locked, full, read-only, overloaded) is a Retry; what the operator set wrongly (no such database,
no permission, not a database) a ConfigurationError; the rest is an invariant of ours that broke: Halt. Where another
ledger would do as well, the advice names the setting.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.domain.errors import ConfigurationError, CrossbookError, Halt, Retry

LOWER = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    sqlite3.Error,
    OSError,
    OverflowError,
)
"""What `translated` catches: all that the databases and their drivers raise."""

_REACHED = "see that it runs and can be reached, and that CROSSBOOK_LEDGER names the right one"
_SQLITE_ADVICE = {
    sqlite3.SQLITE_BUSY: "another process holds it; if that does not end, close what has the file open",
    sqlite3.SQLITE_LOCKED: "another connection holds it; if that does not end, close what has the file open",
    sqlite3.SQLITE_FULL: "free space on its disk, or name a file on another one in CROSSBOOK_LEDGER",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable, or name another file in CROSSBOOK_LEDGER",
    sqlite3.SQLITE_CANTOPEN: "see that its folder exists and may be written, or name another file in CROSSBOOK_LEDGER",
    sqlite3.SQLITE_PERM: "see that its folder may be written, or name another file in CROSSBOOK_LEDGER",
    sqlite3.SQLITE_IOERR: "see that its disk is there and has space",
    sqlite3.SQLITE_PROTOCOL: "another process holds it; if that does not end, close what has the file open",
    sqlite3.SQLITE_NOMEM: "free memory",
    sqlite3.SQLITE_INTERRUPT: "it was interrupted",
}
_POSTGRES_ADVICE = {
    "08": _REACHED,
    "25": "see that the server is the primary and takes writes, or name the one that is in CROSSBOOK_LEDGER",
    "40": "another writer was in the way",
    "53": "free disk space, memory or connections on the server",
    "55": "another session holds it; if that does not end, end that session",
    "57": _REACHED,
    "58": "see that the server's disk is there and has space",
    "72": "another writer was in the way",
}
_POSTGRES_SETTINGS = {
    "28": "correct user and password in CROSSBOOK_LEDGER",
    "3D": "create the database, or correct its name in CROSSBOOK_LEDGER",
    "42501": "grant the user the right to create and write tables there, or name another user in CROSSBOOK_LEDGER",
}


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Lets nothing of a lower layer out; `name` is the database as people may see it."""
    try:
        yield
    except LOWER as error:
        raise translate(error, name) from error


def translate(error: BaseException, name: str) -> CrossbookError:
    """Our error for a lower one, saying where, what happened and what to do."""
    for cause in _causes(error):
        if isinstance(cause, sqlite3.Error) and (found := _sqlite(cause, name)):
            return found
        if isinstance(cause, asyncpg.PostgresError) and (found := _postgres(cause, name)):
            return found
        if isinstance(cause, asyncpg.InterfaceError) and (found := _interface(cause, name)):
            return found
        if isinstance(cause, OSError | PoolTimeout):
            return Retry(f"{name}: {_line(cause)}; {_REACHED}")
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Retry(f"{name}: the connection was lost ({_line(error)}); {_REACHED}")
    return Halt(f"{name}: {_line(error)}; this is no fault of the database: report it with this message")


def _sqlite(error: sqlite3.Error, name: str) -> CrossbookError | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _SQLITE_ADVICE:
        return Retry(f"{name}: {error}; {_SQLITE_ADVICE[code]}")
    if code == sqlite3.SQLITE_NOTADB:
        return ConfigurationError(
            f"{name} is no SQLite database; name another file in CROSSBOOK_LEDGER, or move this one away"
        )
    return None


def _postgres(error: asyncpg.PostgresError, name: str) -> CrossbookError | None:
    state = str(getattr(error, "sqlstate", None) or "")
    if advice := _POSTGRES_SETTINGS.get(state) or _POSTGRES_SETTINGS.get(state[:2]):
        return ConfigurationError(f"{name}: {_line(error)}; {advice}")
    if advice := _POSTGRES_ADVICE.get(state[:2]):
        return Retry(f"{name}: {_line(error)} ({state}); {advice}")
    return None


def _interface(error: asyncpg.InterfaceError, name: str) -> CrossbookError | None:
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return ConfigurationError(f"{name}: {_line(error)}; correct what CROSSBOOK_LEDGER says after the ?")
    return None if isinstance(error, ValueError) else Retry(f"{name}: {_line(error)}; {_REACHED}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, then what lies under it: SQLAlchemy wraps its adapter's error, which wraps the driver's."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop(0)
        if cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [getattr(cause, "orig", None), cause.__cause__]


def _line(error: BaseException) -> str:
    """One line, without the statement and its values: an order is nobody's business in a log."""
    text = str(error.orig) if isinstance(error, DBAPIError) and error.orig else str(error)
    first = text.strip().partition("\n")[0]
    return (first if len(first) <= 300 else first[:297] + "...") or type(error).__name__
