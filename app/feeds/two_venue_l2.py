"""Ten levels a side, one row an instant, one CSV file a venue: `timestamp,symbol,b1..b10,bv1..,a1..a10,av1..`.

`timestamp` is UTC and received time; `symbol` is pair and venue (`LINKUSDT.BNC`); b and a are bid and ask prices, best
first, bv and av their sizes. All venues report at the same instants.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from app.domain.errors import Reject, UsageError
from app.domain.market_data import Book, Level
from app.domain.normalise import PLAIN, Part, plain_levels, sound_sides
from app.feeds.csv_rows import calendar_time, first_row, header_of, read_rows, resolution_of, short_or_long
from app.feeds.source import Item, Recording, Timed, in_event_time, source_id

NAME = "two-venue-l2"
SUMMARY = "CSV files `timestamp,symbol,b1..b10,bv1..bv10,a1..a10,av1..av10`, one a venue"

DEPTH = 10
COLUMNS = [
    "timestamp",
    "symbol",
    *(f"{kind}{level}" for kind in ("b", "bv", "a", "av") for level in range(1, DEPTH + 1)),
]
VENUES = {"BNC": "binance", "HB": "huobi"}
QUOTES = ("USDT", "USDC", "BUSD", "TUSD", "USD", "EUR", "KRW", "BTC", "ETH", "BNB")
_all_plain = re.compile(rf"[^,]+,[^,]+(?:,{PLAIN}){{{len(COLUMNS) - 2}}}").fullmatch
_PREFIX = {("bids", "price"): "b", ("bids", "size"): "bv", ("asks", "price"): "a", ("asks", "size"): "av"}


def recognises(path: Path) -> bool:
    """Whether the file's first line is this format's (a column may be missing: its rows are then named)."""
    return path.suffix == ".csv" and header_of(path)[:3] == COLUMNS[:3]


def open_files(name: str, files: list[Path], *, size: str = "") -> Recording:
    """The files as one recording. Raises UsageError naming a file without rows or of an unknown venue or pair."""
    del size  # every level has its own
    opened = [_Stream(name, path, number) for number, path in enumerate(sorted(files))]
    venues = tuple(sorted({stream.venue for stream in opened}))
    return Recording(
        name=name,
        format=NAME,
        join="aligned",
        venues=venues,
        pairs=tuple(sorted({stream.pair for stream in opened})),
        expected_venues=venues,
        resolution_ns=max(resolution_of(path, 0, partial(calendar_time, field="timestamp")) for path in files),
        read=partial(_read, opened),
    )


def market_of(symbol: str) -> tuple[str, str]:
    """(venue, pair) that a symbol such as LINKUSDT.BNC names. Raises Reject for one that is not known."""
    ticker, _, suffix = symbol.partition(".")
    if suffix not in VENUES:
        raise Reject(f"unknown venue, known are {', '.join(VENUES)}", field="symbol", value=symbol)
    for quote in QUOTES:
        base = ticker.removesuffix(quote)
        if base and base != ticker:
            return VENUES[suffix], f"{base}/{quote}"
    raise Reject(f"unknown pair, its quote is none of {', '.join(QUOTES)}", field="symbol", value=symbol)


class _Stream:
    """One file: whose it is, and its rows."""

    def __init__(self, name: str, path: Path, number: int) -> None:
        self.path = path
        self.number = number
        self.file = f"{name}/{path.name}"
        self.source = source_id(name, path.stem)
        self.columns = header_of(path)
        cells = first_row(path)
        if len(cells) < 2:
            raise UsageError(f"{path} has no rows")
        self.symbol = cells[1]
        try:
            self.venue, self.pair = market_of(self.symbol)
        except Reject as error:
            raise UsageError(f"{path}:2: {error}") from None

    def rows(self) -> Iterator[Timed]:
        return read_rows(
            self.path, file=self.file, venue=self.venue, stream=self.number, source=self.source,
            translate=self._translator(),
        )  # fmt: skip

    def _translator(self) -> Callable[[str, int], Book]:
        whole, symbol, venue, pair, source = self.columns == COLUMNS, self.symbol, self.venue, self.pair, self.source

        def translate(text: str, row: int) -> Book:
            cells = text.split(",")
            if whole and _all_plain(text):
                bids: tuple[Level, ...] = tuple(zip(cells[2:12], cells[12:22], strict=True))
                asks: tuple[Level, ...] = tuple(zip(cells[22:32], cells[32:42], strict=True))
            else:
                bids, asks = self._with_care(cells)
            if cells[1] != symbol:
                raise Reject(f"a file holds one symbol, this one {symbol}", field="symbol", value=cells[1])
            received = calendar_time(cells[0], field="timestamp")
            bids, asks = sound_sides(bids, asks, name=_column)
            return Book(venue, pair, source, row, received, None, bids, asks)

        return translate

    def _with_care(self, cells: list[str]) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        missing = [column for column in COLUMNS if column not in self.columns]
        if missing:
            raise Reject("the file lacks a column", field=missing[0])
        if len(cells) != len(self.columns):
            raise short_or_long(cells, self.columns)
        found = dict(zip(self.columns, cells, strict=True))
        levels = range(1, DEPTH + 1)
        bids, asks = (
            plain_levels(
                [found[f"{kind}{level}"] for level in levels],
                [found[f"{kind}v{level}"] for level in levels],
                side=side,
                name=_column,
            )
            for side, kind in (("bids", "b"), ("asks", "a"))
        )
        return bids, asks


def _read(streams: list[_Stream]) -> Iterator[Item]:
    return in_event_time(stream.rows() for stream in streams)


def _column(side: str, index: int, part: Part) -> str:
    return f"{_PREFIX[side, part]}{index + 1}"
