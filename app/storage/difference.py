"""What two ledgers tell differently: two runs over the same input should tell the same.

Left out are the columns named `wall_*`, which say how one run went, and of `runs` the run's own name.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, RowMapping, collate, select
from sqlmodel import SQLModel

import app.storage.tables  # noqa: F401 - fills the metadata
from app.storage.ledger import Ledger
from app.storage.types import Prose

MISSING = "(no such row)"
_NAMES = {"runs": ("run",)}
"""Columns that name a run and do not describe it: rows are then compared in order of their start."""


class Difference(NamedTuple):
    """One column of one row; `column` is empty where the row is in one ledger alone."""

    table: str
    key: tuple[Any, ...]
    column: str
    left: Any
    right: Any

    def __str__(self) -> str:
        where = " ".join(str(part) for part in (self.table, *self.key, self.column) if part != "")
        return f"{where}: {self.left} | {self.right}"


async def difference(left: Ledger, right: Ledger) -> AsyncIterator[Difference]:
    """All differences by table and key; none where both tell the same. Either may be SQLite or PostgreSQL.

    Both are read in order of their keys, a row at a time: a ledger of any size fits. Raises Retry where one is away.
    """
    for table in sorted(SQLModel.metadata.tables.values(), key=lambda table: table.name):
        named = _NAMES.get(table.name, ())
        compared = [column for column in table.columns if not column.name.startswith("wall_")]
        key = [column for column in table.primary_key if column in compared and column.name not in named]
        names = [column.name for column in key]
        order = key or [column for column in table.columns if column not in compared]
        query = select(*(column for column in compared if column.name not in named))
        lefts, rights = (ledger.stream(query.order_by(*_by_code_point(ledger, order))) for ledger in (left, right))
        async for one, other in _paired(lefts, rights, names):
            for found in _columns(table.name, names, one, other):
                yield found


def _by_code_point(ledger: Ledger, columns: list[Column[Any]]) -> list[ColumnElement[Any]]:
    """Whatever language PostgreSQL's database sorts by: two ledgers must agree on what comes first."""
    if ledger.dialect != "postgresql":
        return list(columns)
    return [collate(column, "C") if isinstance(column.type, Prose) else column for column in columns]


async def _paired(
    lefts: AsyncIterator[RowMapping], rights: AsyncIterator[RowMapping], key: list[str]
) -> AsyncIterator[tuple[RowMapping | None, RowMapping | None]]:
    """The rows of both side by side, None where one has none: a merge of two ordered streams."""
    one, other = await anext(lefts, None), await anext(rights, None)
    while one is not None or other is not None:
        if other is None or (one is not None and _key(one, key) < _key(other, key)):
            yield one, None
            one = await anext(lefts, None)
        elif one is None or _key(other, key) < _key(one, key):
            yield None, other
            other = await anext(rights, None)
        else:
            yield one, other
            one, other = await anext(lefts, None), await anext(rights, None)


def _columns(table: str, key: list[str], one: RowMapping | None, other: RowMapping | None) -> Iterator[Difference]:
    if one is None or other is None:
        there = one or other
        assert there is not None  # noqa: S101 - a pair has a side
        sides = ("a row" if one is not None else MISSING, "a row" if other is not None else MISSING)
        yield Difference(table, _key(there, key), "", *sides)
        return
    for column in one:
        if one[column] != other[column]:
            yield Difference(table, _key(one, key), str(column), one[column], other[column])


def _key(row: RowMapping, key: list[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in key)
