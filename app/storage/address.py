"""A ledger's URL: as the drivers want it, and as people may see it."""

from inspect import signature
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.domain.errors import ConfigurationError

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


def address(url: str) -> URL:
    """The URL with our driver; libpq's `sslmode` is passed on as asyncpg's `ssl`. `sqlite:///relative.db` and
    `postgresql://user:password@host:port/database` are what people write.

    Raises ConfigurationError, which never shows the URL: it may hold a password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "the ledger's URL cannot be read; write sqlite:///path/to/ledger.db or "
            "postgresql://user:password@host/database into CROSSBOOK_LEDGER"
        ) from None
    if parsed.drivername not in _DRIVERS:
        raise ConfigurationError(
            f"no ledger is kept in {parsed.drivername}; the URL in CROSSBOOK_LEDGER must begin with sqlite:// or "
            "postgresql://"
        )
    query = {"ssl" if name == "sslmode" else name: value for name, value in parsed.query.items()}
    if not is_sqlite(parsed):
        _refuse_what_cannot_be(parsed, query)
    return parsed.set(drivername=_DRIVERS[parsed.drivername], query=query)


def _refuse_what_cannot_be(parsed: URL, query: dict[str, Any]) -> None:
    """An unknown option would leave the driver as a TypeError; half of a password with an @ would pass for a host, and
    be shown."""
    if "@" in f"{parsed.host}{parsed.database}":
        raise ConfigurationError(
            "the ledger's URL has an @ too many; write one in a password as %40, in CROSSBOOK_LEDGER"
        )
    known = signature(asyncpg.connect).parameters
    if unknown := sorted(name for name in query if name not in known and not name.startswith("prepared_statement_")):
        raise ConfigurationError(
            f"the ledger's URL has no option {', '.join(unknown)}; correct what CROSSBOOK_LEDGER has after the ?"
        )


def shown(parsed: URL) -> str:
    """The database's name for messages: a path, or `postgresql://user:***@host:port/database`; no query."""
    if is_sqlite(parsed):
        return f"SQLite ledger {parsed.database or ':memory:'}"
    return f"ledger {parsed.set(drivername='postgresql', query={}).render_as_string(hide_password=True)}"


def is_sqlite(parsed: URL) -> bool:
    return parsed.get_backend_name() == "sqlite"


def file_of(parsed: URL) -> Path | None:
    """Where a SQLite ledger lies; None in memory and on PostgreSQL."""
    in_memory = parsed.database in (None, "", ":memory:")
    return Path(str(parsed.database)) if is_sqlite(parsed) and not in_memory else None
