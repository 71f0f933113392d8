"""Column types that keep money exact, and a stranger's text storable, in both databases."""

from decimal import Decimal
from typing import Any

from sqlalchemy import Numeric, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.domain.money import plain


class Money(TypeDecorator[Decimal]):
    """Decimal, to the last digit: NUMERIC without scale on PostgreSQL, TEXT on SQLite, whose numbers are floats.

    SQL must therefore not sum it on SQLite; sums that must be exact are made in Python.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Numeric() if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return plain(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Prose(TypeDecorator[str]):
    """Text that may quote a stranger: what a database cannot hold in text is replaced, so that no message can
    stop a ledger. NUL (refused by PostgreSQL) becomes its picture, a lone surrogate (no UTF-8) a question mark."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "\u2400").encode("utf-8", "replace").decode("utf-8")
