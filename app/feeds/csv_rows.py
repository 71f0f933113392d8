"""CSV files of one venue and pair: the rows as items in event time, the bad ones as invalid messages."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path

from app.domain.errors import Reject, UsageError
from app.domain.market_data import Book
from app.feeds.lines import Line, lines_of
from app.feeds.source import LATEST, Timed, invalid, resolution

_HEAD = 2_000
"""Rows that are looked at to find a file's resolution."""
_calendar = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z?").fullmatch
_number = re.compile(r"[0-9]{1,19}").fullmatch


@lru_cache(maxsize=64)
def calendar_time(text: str, *, field: str) -> int:
    """`2021-08-20 00:00:00`, in UTC, as nanoseconds since the epoch. Raises Reject naming `field`."""
    if found := _calendar(text):
        day, clock, fraction = found.groups()
        try:
            seconds = int(datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=UTC).timestamp())
        except ValueError:
            seconds = -1
        if 0 <= seconds * 10**9 < LATEST:
            return seconds * 10**9 + int((fraction or "0").ljust(9, "0"))
    raise Reject("not a time, written YYYY-MM-DD HH:MM:SS in UTC", field=field, value=text)


def epoch_time(text: str, *, unit_ns: int, field: str) -> int:
    """A number of units since the epoch as nanoseconds. Raises Reject naming `field`."""
    if _number(text) and int(text) * unit_ns < LATEST:
        return int(text) * unit_ns
    raise Reject(f"not a time, counted in units of {unit_ns} ns since the epoch", field=field, value=text)


def header_of(path: Path) -> list[str]:
    """The columns that the first line names; empty where the file has no readable first line."""
    first = next(lines_of(path), Line(1, b""))
    return first.raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").split(",")


def first_row(path: Path) -> list[str]:
    """The cells of the first data row; empty where there is none."""
    second = next(islice(lines_of(path), 1, None), Line(2, b""))
    return second.raw.decode("utf-8", "replace").split(",")


def count_rows(path: Path) -> int:
    """Data rows, that is lines after the first that are not empty."""
    return sum(1 for line in lines_of(path) if line.number > 1 and line.raw)


def read_rows(
    path: Path, *, file: str, venue: str, stream: int, source: str, translate: Callable[[str, int], Book]
) -> Iterator[Timed]:
    """Each row after the header as `translate(text, row number from 1)` reads it, in the order of the file.

    A row that `translate` rejects, that is no UTF-8, or whose time runs backwards becomes an InvalidMessage at the
    time of the row before it. Empty lines are no rows. Raises UsageError when the file cannot be read.
    """
    now = 0
    for line in lines_of(path):
        number, raw = line.number, line.raw
        if number == 1 or not raw:
            continue
        try:
            if line.fault:
                raise Reject(line.fault)
            book = translate(raw.decode(), number - 1)
            if book.received_time < now:
                raise Reject("time runs backwards", field="received_time", value=book.received_time)
        except UnicodeDecodeError as error:
            reason = Reject("not UTF-8", field=f"byte {error.start + 1}", value=raw[error.start : error.end])
            yield now, venue, stream, invalid(reason, source=source, file=file, line=number, raw=raw)
        except Reject as error:
            yield now, venue, stream, invalid(error, source=source, file=file, line=number, raw=raw)
        else:
            now = book.received_time
            yield now, venue, stream, book


def short_or_long(cells: list[str], columns: list[str]) -> Reject:
    """What to say of a row with a wrong number of cells: it names the last column there is, which may be cut itself."""
    kind = "row is cut off" if len(cells) < len(columns) else "row is too long"
    last = min(len(cells), len(columns)) - 1
    return Reject(f"{kind}: {len(cells)} of {len(columns)} columns", field=columns[last], value=cells[last])


def resolution_of(path: Path, column: int, read_time: Callable[[str], int]) -> int:
    """Median distance of the instants in the file's first rows, nanoseconds."""
    times: list[int] = []
    for line in islice(lines_of(path), 1, _HEAD):
        cells = line.raw.decode("utf-8", "replace").split(",")
        try:
            times.append(read_time(cells[column]))
        except (Reject, IndexError):
            continue  # the row is reported when it is read
    return resolution(times)


def only_plain_size(size: str) -> str:
    """`--size` where it is a number above zero. Raises UsageError naming the value."""
    try:
        number = float(size)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e12:
        raise UsageError(f"--size {size!r}: a base amount above zero is allowed, for example --size 1 or --size 0.5")
    return size
