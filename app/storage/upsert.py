"""A row on its way into the ledger, and what happens where its natural key is there already."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any, NamedTuple

from msgspec import Struct
from sqlmodel import SQLModel

from app.domain.errors import Reject
from app.storage.tables import table_of

_WIDEST = 2**63


class Upsert(Struct, frozen=True):
    """One row of `model` by column name.

    Where the key is there already: nothing happens (`update` empty); else the columns named in `update` take this
    row's values, and where `newer` names columns, only if these are greater, in that order, than what is there.
    """

    model: type[SQLModel]
    values: Mapping[str, Any]
    update: tuple[str, ...] = ()
    newer: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises Reject for a number that no database takes: one such row would keep all others out for ever."""
        for name, value in self.values.items():
            if type(value) is int and not -_WIDEST <= value < _WIDEST:
                raise Reject("a number of more than 64 bits", field=name, value=value)
            if type(value) is Decimal and not value.is_finite():
                raise Reject("not a finite number", field=name, value=value)


class Shape(NamedTuple):
    """What rows must have in common to go in one statement."""

    model: type[SQLModel]
    columns: frozenset[str]
    update: tuple[str, ...]
    newer: tuple[str, ...]


def upsert(row: SQLModel, *, update: tuple[str, ...] = (), newer: tuple[str, ...] = ()) -> Upsert:
    """The upsert of a whole row object: for the few that are written one at a time."""
    values = {column.name: getattr(row, column.name) for column in table_of(type(row)).columns}
    return Upsert(type(row), values, update, newer)


def fold(rows: Iterable[Upsert]) -> dict[Shape, list[Mapping[str, Any]]]:
    """The rows by shape, each key once: as if they had been written one after the other.

    PostgreSQL refuses to touch a row twice in one statement. Rows of different shapes under one key stay apart and are
    written in the order in which the shapes first appear, so these must commute, as the channel adapter's do.
    """
    shapes: dict[Shape, dict[Any, Mapping[str, Any]]] = {}
    for row in rows:
        shape = Shape(row.model, frozenset(row.values), row.update, row.newer)
        kept = shapes.setdefault(shape, {})
        key = _key(row.model)(row.values)
        earlier = kept.setdefault(key, row.values)
        if earlier is not row.values and row.update and _gives_way(earlier, row):
            kept[key] = {**earlier, **{name: row.values[name] for name in row.update}}
    return {shape: list(kept.values()) for shape, kept in shapes.items()}


def key_columns(model: type[SQLModel]) -> tuple[str, ...]:
    """Names of the natural key's columns."""
    return tuple(column.name for column in table_of(model).primary_key.columns)


_KEYS: dict[type[SQLModel], Callable[[Mapping[str, Any]], Any]] = {}


def _key(model: type[SQLModel]) -> Callable[[Mapping[str, Any]], Any]:
    if model not in _KEYS:
        _KEYS[model] = itemgetter(*key_columns(model))
    return _KEYS[model]


def _gives_way(earlier: Mapping[str, Any], row: Upsert) -> bool:
    return not row.newer or [row.values[name] for name in row.newer] > [earlier[name] for name in row.newer]
