"""Options and spellings that several commands share."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from sqlmodel import SQLModel

from app.domain.errors import UsageError
from app.storage.tables import table_of

InRun = Annotated[
    str, typer.Option("--run", help="A run's name or 'latest'; default: the settings' ledger, else the latest run.")
]
OnDay = Annotated[
    datetime | None,
    typer.Option("--day", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="One UTC day, by event time; default: all."),
]
AtMost = Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")]


def facts(row: SQLModel) -> dict[str, Any]:
    """A row of the ledger as --json gives it: by column, in the table's order."""
    return {column.name: getattr(row, column.name) for column in table_of(type(row)).columns}


def day_of(day: datetime | None) -> date | None:
    return None if day is None else day.date()


def moment(time: int | None) -> str | None:
    """Event time (ns) as people read it: UTC, to the millisecond."""
    if time is None:
        return None
    try:
        return datetime.fromtimestamp(time // 1_000_000 / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    except (ValueError, OverflowError, OSError):
        return str(time)


def instant(text: str) -> int | None:
    """`--at`: nanoseconds since the epoch, or ISO 8601 (UTC where it names no zone); None for an empty one."""
    if not text:
        return None
    if text.isdecimal():
        return int(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--at {text!r} is no time; write 2026-11-20T12:00:00 or nanoseconds since 1970") from None
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1_000) * 1_000_000
