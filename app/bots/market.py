"""A market as a cluster knows it: the names that are made from its pair, and nothing else."""

import re
from dataclasses import dataclass
from typing import Self

from app.domain.errors import UsageError

_PAIR = re.compile(r"[A-Z0-9]+/[A-Z0-9]+").fullmatch
_LONGEST_RELEASE = 40
"""The chart cuts names there, so that those it makes from them fit: two long pairs would become one."""
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Market:
    pair: str
    """BASE/QUOTE, as everywhere."""

    @classmethod
    def of(cls, text: str) -> Self:
        """Raises UsageError for what is no pair, and for one too long to name a release after."""
        if not _PAIR(text):
            raise UsageError(f"{text!r} is no pair; write BASE/QUOTE in upper case, as in BTC/USDT")
        market = cls(text)
        if len(market.release) > _LONGEST_RELEASE:
            raise UsageError(f"pair {text}: release {market.release} would have more than {_LONGEST_RELEASE} letters")
        return market

    @property
    def label(self) -> str:
        """As the value of a label, which has no slash."""
        return self.pair.replace("/", "-")

    @property
    def release(self) -> str:
        return f"crossbook-{self.label.lower()}"

    def namespace(self, prefix: str) -> str:
        """Of its own channels and groups, beside those of `prefix`; a dash, for what begins with `prefix.` is purged
        with that."""
        return f"{prefix}-{self.label.lower()}"


def seconds(text: str, flag: str) -> int:
    """A length of time as people write it: 90s, 30m, 2h, 1d. Raises UsageError."""
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdecimal() and int(number) > 0 and unit in _UNITS and len(number) < 10):
        raise UsageError(f"{flag} {text!r}: a number above zero and s, m, h or d is allowed, as in 30m")
    return int(number) * _UNITS[unit]
