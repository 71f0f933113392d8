"""What a feed plays: a recording (or a generated market) as one stream in event time."""

import hashlib
import heapq
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low
from typing import Literal

from app.domain.errors import Reject
from app.domain.failure import InvalidMessage
from app.domain.market_data import Book, Trade

Join = Literal["each", "aligned"]
Item = Book | Trade | InvalidMessage
"""What a source yields. An InvalidMessage stands where its row stood."""
Timed = tuple[int, str, int, Item]
"""(received_time in ns, venue, number of the stream, item): in this order streams are merged."""

LATEST = 9_000_000_000 * 10**9
"""Nanoseconds: the last time that still fits into 64 bits, rounded down (year 2255)."""
_LONGEST_SOURCE = 48


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Books and trades of some venues in event-time order, ties by venue name; it can be iterated again and again."""

    name: str
    format: str
    join: Join
    """aligned: all venues report at the same instants; each: every venue in its own time."""
    venues: tuple[str, ...]
    """By name."""
    pairs: tuple[str, ...]
    expected_venues: tuple[str, ...]
    """Those that an instant of an aligned join waits for."""
    resolution_ns: int
    """Median distance of instants, nanoseconds; 0 where there are fewer than two."""
    read: Callable[[], Iterator[Item]]
    notes: tuple[str, ...] = ()
    """What a reader of the result should know: files left out, venues without a book."""

    def __iter__(self) -> Iterator[Item]:
        return self.read()


def in_event_time(streams: Iterable[Iterator[Timed]]) -> Iterator[Item]:
    """Streams that are each in event time, as one; ties by venue name. Holds one item a stream."""
    return (item for _, _, _, item in heapq.merge(*streams))


def resolution(times: Iterable[int]) -> int:
    """Median distance of distinct instants, nanoseconds; 0 where there are fewer than two."""
    gaps = [after - before for before, after in pairwise(sorted(set(times)))]
    return median_low(gaps) if gaps else 0


def source_id(*parts: str) -> str:
    """A short id of [a-z0-9-] for a stream: the parts joined; cut, with a digest, where it would be long."""
    text = re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-") or "source"
    if len(text) <= _LONGEST_SOURCE:
        return text
    digest = hashlib.blake2b("/".join(parts).encode(), digest_size=4).hexdigest()
    return f"{text[: _LONGEST_SOURCE - 9].rstrip('-')}-{digest}"


def invalid(error: Reject, *, source: str, file: str, line: int, raw: bytes) -> InvalidMessage:
    """The row as an invalid message, which names file, line, field, value and reason."""
    return InvalidMessage(
        invalid_id=f"{source}:line:{line}",
        where=f"{file}:{line}",
        reason=error.reason,
        field=error.field,
        value=error.value,
        raw=raw,
    )
