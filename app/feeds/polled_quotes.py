"""Best bid and ask of several Korean venues, polled together: one CSV file a venue, `bt_dt_eth_krw.csv`.

The prefix names the venue, the last two words of the file name the pair; rows of one poll share `requestTime` (epoch
seconds), which is received time. Bithumb calls its best bid `buy_price` and its best ask `sell_price`. The venue's own
clock (epoch milliseconds) is exchange time. There are no sizes: `size` stands in for them.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from msgspec import Struct

from app.domain.errors import Reject, UsageError
from app.domain.market_data import Book, Level
from app.domain.normalise import Part, plain_text, sound_sides
from app.feeds.csv_rows import (
    count_rows,
    epoch_time,
    header_of,
    only_plain_size,
    read_rows,
    resolution_of,
    short_or_long,
)
from app.feeds.source import Item, Recording, Timed, in_event_time, source_id

NAME = "polled-quotes"
SUMMARY = "CSV files bt_*, kb_*, co_*_BASE_QUOTE.csv with requestTime and a best bid and ask each; needs --size"

RECEIVED = "requestTime"
_MILLISECOND = 10**6
_FIRST_CLOCK = 10**12 * _MILLISECOND
"""September 2001, ns: what is below is no venue's clock but the remains of a failed request."""


class Dialect(Struct, frozen=True):
    """How one venue names its columns."""

    venue: str
    bid: str
    ask: str
    clock: str


DIALECTS = {
    "bt": Dialect("bithumb", "buy_price", "sell_price", "date"),
    "kb": Dialect("korbit", "bid", "ask", "timestamp"),
}
BOOKLESS = {"co": "Coinone"}
"""Venues that were polled for their last price alone."""


def recognises(path: Path) -> bool:
    """Whether the file's name and first line are this format's."""
    prefix = path.name.partition("_")[0]
    return path.suffix == ".csv" and prefix in {**DIALECTS, **BOOKLESS} and RECEIVED in header_of(path)


def open_files(name: str, files: list[Path], *, size: str = "") -> Recording:
    """The files as one recording. Raises UsageError without `size`, and where no file quotes a book."""
    if not size:
        raise UsageError(f"{name} holds no sizes: give the base amount of a level, for example --size 1")
    level_size = only_plain_size(size)
    streams = [
        _Stream(name, path, number, level_size)
        for number, path in enumerate(sorted(files))
        if path.name.partition("_")[0] in DIALECTS
    ]
    if not streams:
        raise UsageError(f"{name}: none of {', '.join(sorted(path.name for path in files))} quotes a bid and an ask")
    notes = tuple(
        f"{BOOKLESS[prefix]} quotes no book: its {count_rows(path):,} rows are named, not counted"
        for path in sorted(files)
        if (prefix := path.name.partition("_")[0]) in BOOKLESS
    )
    venues = tuple(sorted({stream.dialect.venue for stream in streams}))
    return Recording(
        name=name,
        format=NAME,
        join="aligned",
        venues=venues,
        pairs=tuple(sorted({stream.pair for stream in streams})),
        expected_venues=venues,
        resolution_ns=max(stream.resolution() for stream in streams),
        read=partial(_read, streams),
        notes=notes,
    )


class _Stream:
    """One file: whose it is, and its rows."""

    def __init__(self, name: str, path: Path, number: int, size: str) -> None:
        prefix, _, _ = path.name.partition("_")
        words = path.stem.upper().split("_")
        if len(words) < 3 or not (words[-2].isalnum() and words[-1].isalnum()):
            raise UsageError(f"{path}: its name should end in _base_quote.csv, as in bt_dt_eth_krw.csv")
        self.path = path
        self.number = number
        self.size = size
        self.dialect = DIALECTS[prefix]
        self.pair = f"{words[-2]}/{words[-1]}"
        self.file = f"{name}/{path.name}"
        self.source = source_id(name, path.stem)
        self.columns = header_of(path)
        self.place = {column: index for index, column in enumerate(self.columns)}

    def rows(self) -> Iterator[Timed]:
        return read_rows(
            self.path, file=self.file, venue=self.dialect.venue, stream=self.number, source=self.source,
            translate=self._translate,
        )  # fmt: skip

    def resolution(self) -> int:
        return resolution_of(self.path, self.place[RECEIVED], partial(epoch_time, unit_ns=10**9, field=RECEIVED))

    def _translate(self, text: str, row: int) -> Book:
        cells = text.split(",")
        if len(cells) != len(self.columns):
            raise short_or_long(cells, self.columns)
        received = epoch_time(self._cell(cells, RECEIVED), unit_ns=10**9, field=RECEIVED)
        clock = epoch_time(self._cell(cells, self.dialect.clock), unit_ns=_MILLISECOND, field=self.dialect.clock)
        bids, asks = sound_sides(
            self._side(cells, self.dialect.bid), self._side(cells, self.dialect.ask), name=self._column
        )
        exchange_time = clock if clock >= _FIRST_CLOCK else None
        return Book(self.dialect.venue, self.pair, self.source, row, received, exchange_time, bids, asks)

    def _cell(self, cells: list[str], column: str) -> str:
        if column not in self.place:
            raise Reject("the file lacks a column", field=column)
        return cells[self.place[column]]

    def _side(self, cells: list[str], column: str) -> tuple[Level, ...]:
        return ((plain_text(self._cell(cells, column), field=column), self.size),)

    def _column(self, side: str, index: int, part: Part) -> str:
        return self.dialect.bid if side == "bids" else self.dialect.ask


def _read(streams: list[_Stream]) -> Iterator[Item]:
    return in_event_time(stream.rows() for stream in streams)
