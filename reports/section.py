"""What a question answers with: a section of the page, made of values, charts and tables."""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["", "gain", "loss", "warn"]


@dataclass(frozen=True, slots=True)
class Value:
    """What is shown, and the exact value behind it, which the page gives as a title."""

    text: str
    exact: str = ""
    tone: Tone = ""
    bar: float | None = None
    """Length of a bar in the cell as a share of the column's greatest, in [-1, 1]."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that answers the question by itself."""

    label: str
    value: Value
    note: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing as static SVG text, trusted: only `reports.chart` makes it."""

    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` are headings; a heading that begins with `#` (left out on the page) heads numbers, aligned right."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One question and its answer. `title` is the question in words; `empty` says why there is nothing to show."""

    anchor: str
    title: str
    short: str
    """Its entry in the table of contents."""
    figures: tuple[Figure, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    empty: str = ""
