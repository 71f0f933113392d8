"""The invalid rows of a feed, said to whoever is looking: the first few as they are found, and how many in all."""

from collections.abc import Callable

from app.domain.failure import InvalidMessage

MOST_SAID = 5
"""Enough to see what is wrong with a file; a million lines would hide it. The ledger has all of them."""
_LISTED = 50
"""What `crossbook dlq invalid` lists where no --limit is given."""


class InvalidRows:
    """Told of each invalid row of one feed; says the first of them, place, field, value and reason."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._found = 0

    def found(self, row: InvalidMessage) -> None:
        self._found += 1
        if self._found <= MOST_SAID:
            culprit = f" field {row.field}, value {row.value}:" if row.field else ""
            self._say(f"invalid: {row.where}:{culprit} {row.reason}")
        elif self._found == MOST_SAID + 1:
            self._say("invalid: further rows are counted, and kept in invalid_messages")


def in_all(count: int, run: str = "") -> str:
    """What to say at the end: the count, and the command that lists them; `run` is the run's name, if it is one."""
    flags = (f" --run {run}" if run else "") + (f" --limit {count}" if count > _LISTED else "")
    return f"invalid: {count:,} in all; `crossbook dlq invalid{flags}` lists them"
