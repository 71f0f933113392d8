"""What every command prints with: rows as a table for people or as JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.domain.money import plain

AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output, nothing else there.")]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def say(line: str) -> None:
    """One line for people, on stderr, so that standard output stays for the answer."""
    err.print(line, markup=False, emoji=False, soft_wrap=True)


def as_json(value: Any) -> None:
    """One JSON value on standard output; Decimals as strings, to the last digit."""
    typer.echo(json.dumps(value, default=_plain, ensure_ascii=False))


def table(rows: Sequence[Mapping[str, Any]], title: str = "", empty: str = "nothing yet") -> None:
    """Rows with the same keys as a table; `empty` in words where there are none."""
    if not rows:
        out.print(empty, markup=False)
        return
    out.print(drawn(rows, title))


def drawn(rows: Sequence[Mapping[str, Any]], title: str = "") -> Table:
    """The table itself, for those who draw it again and again."""
    found = Table(title=escape(title) or None, title_justify="left", header_style="bold", box=SIMPLE_HEAD)
    for name in rows[0] if rows else ():
        found.add_column(escape(name), overflow="fold", justify="right" if _numeric(rows[0][name]) else "left")
    for row in rows:
        found.add_row(*(_text(value) for value in row.values()))
    return found


def _numeric(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _text(value: Any) -> str:
    if value is None:
        return "N/A"
    if isinstance(value, Decimal):
        return plain(value)
    return escape(str(value))


def _plain(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else str(value)
