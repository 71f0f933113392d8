"""One file of venue profiles, table by table: from TOML's values to ours, each error with its key path.

A profile states what a venue charges and accepts; a wrong one loses money in silence, so nothing is guessed: an unknown
key, a missing fee and a name used twice are errors that name file, key and value.
"""

import re
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Struct, field

from app.domain.errors import ConfigurationError
from app.domain.venue import Faults, Market, VenueProfile

MOST_FEE_BPS = 1_000
"""Ten per cent: a higher fee is a mistake of unit."""
_VENUE = re.compile(r"[a-z0-9][a-z0-9_.-]*").fullmatch
_PAIR = re.compile(r"[A-Z0-9]+/[A-Z0-9]+").fullmatch
_ASSET = re.compile(r"[A-Z0-9]+").fullmatch

T = TypeVar("T", bound=Struct)


class VenuesTable(Struct, frozen=True):
    venues: dict[str, dict[str, Any]]


class _Venue(Struct, frozen=True):
    fee_bps: Decimal
    fee_in: Literal["quote", "base"] = "quote"
    latency_ms: int = 0
    aliases: tuple[str, ...] = ()
    pair_aliases: dict[str, str] = field(default_factory=dict)
    market: dict[str, Any] = field(default_factory=dict)
    pairs: dict[str, dict[str, Any]] = field(default_factory=dict)
    funds: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, Any] = field(default_factory=dict)


class ProfileTables:
    """One file: turns its tables into values, and names the key that it could not."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def venue(self, name: str, table: dict[str, Any]) -> VenueProfile:
        at = f"venues.{name}"
        if not _VENUE(name):
            raise self._error(at, name, "a venue's name has lower-case letters, digits, '_', '.' and '-'")
        found = self.table(_Venue, table, at)
        self._within(f"{at}.fee_bps", found.fee_bps, 0, MOST_FEE_BPS)
        self._within(f"{at}.latency_ms", found.latency_ms, 0, 600_000)
        for symbol, pair in found.pair_aliases.items():
            self._check_pair(f"{at}.pair_aliases.{symbol}", pair)
        for pair in found.pairs:
            self._check_pair(f"{at}.pairs.{pair}", pair)
        return VenueProfile(
            name=name,
            fee_bps=found.fee_bps,
            fee_in=found.fee_in,
            latency_ms=found.latency_ms,
            aliases=found.aliases,
            pairs={pair: self._market(rules, f'{at}.pairs."{pair}"') for pair, rules in found.pairs.items()},
            default_market=self._market(found.market, f"{at}.market"),
            pair_aliases=found.pair_aliases,
            funds={asset: self._fund(f"{at}.funds.{asset}", asset, amount) for asset, amount in found.funds.items()},
            faults=self._faults(found.faults, f"{at}.faults"),
        )

    def table(self, shape: type[T], table: object, at: str) -> T:
        """The table as `shape`. Raises ConfigurationError for an unknown or missing key or a wrong type."""
        known = list(get_type_hints(shape))
        if not isinstance(table, dict):
            raise self._error(at, table, "a table is needed here")
        for key in table:
            if key not in known:
                near = get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
                raise self._error(_below(at, key), table[key], f"unknown key; {hint}")
        for key in shape.__struct_fields__[: len(known) - len(shape.__struct_defaults__)]:
            if key not in table:
                raise ConfigurationError(f"{self._path}: {_below(at, key)} is missing; it has no default")
        values = {}
        for key, kind in get_type_hints(shape).items():
            if key not in table:
                continue
            try:
                if isinstance(table[key], bool) or (kind is Decimal and isinstance(table[key], float)):
                    raise msgspec.ValidationError(f"Expected {_kind(kind)}")
                values[key] = msgspec.convert(table[key], kind)
            except msgspec.ValidationError as error:
                reason = str(error).partition(" - at ")[0]
                raise self._error(_below(at, key), table[key], f"{reason}; {_kind(kind)} is needed") from None
        return shape(**values)

    def check_names(self, profiles: dict[str, VenueProfile]) -> None:
        """Raises ConfigurationError where a name or alias belongs to two venues."""
        owners = {name: name for name in profiles}
        for name, profile in profiles.items():
            for alias in profile.aliases:
                if owners.setdefault(alias, name) != name:
                    raise self._error(f"venues.{name}.aliases", alias, f"it already names {owners[alias]}")

    def _market(self, table: dict[str, Any], at: str) -> Market:
        found = self.table(Market, table, at)
        for key in Market.__struct_fields__:
            step: Decimal | None = getattr(found, key)
            if step is not None and not (step.is_finite() and step > 0):
                raise self._error(f"{at}.{key}", step, "a number above zero is allowed, or leave the key out")
        return found

    def _faults(self, table: dict[str, Any], at: str) -> Faults:
        found = self.table(Faults, table, at)
        for key in Faults.__struct_fields__:
            self._within(f"{at}.{key}", getattr(found, key), 0, 1)
        if found.refuse + found.time_out > 1:
            raise self._error(at, found.refuse + found.time_out, "refuse and time_out together are at most 1")
        return found

    def _fund(self, at: str, asset: str, amount: object) -> Decimal:
        if not _ASSET(asset):
            raise self._error(at, asset, "an asset has upper-case letters and digits, as in USDT")
        value = _amount(amount)
        if value is None:
            raise self._error(at, amount, "a number, zero or above, is allowed")
        return value

    def _check_pair(self, at: str, pair: str) -> None:
        if not _PAIR(pair):
            raise self._error(at, pair, "a pair is written BASE/QUOTE in upper case, as in BTC/USDT")

    def _within(self, at: str, value: Decimal | int, least: int, most: int) -> None:
        if not (Decimal(value).is_finite() and least <= value <= most):
            raise self._error(at, value, f"{least} to {most:,} is allowed")

    def _error(self, at: str, value: object, reason: str) -> ConfigurationError:
        shown = str(value) if isinstance(value, Decimal) else repr(value)
        return ConfigurationError(f"{self._path}: {at} = {shown[:200]}: {reason}")


def _below(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _amount(value: object) -> Decimal | None:
    """The number, zero or above, that a TOML value or a flag spells; else None."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        number = Decimal(value)
    except ArithmeticError:
        return None
    return number if number.is_finite() and number >= 0 else None


def _kind(kind: Any) -> str:
    if kind is Decimal or Decimal in get_args(kind):
        return "a number"
    names = {int: "a whole number", str: "text", tuple[str, ...]: "a list of texts"}
    choices = get_args(kind)
    if choices and all(isinstance(choice, str) for choice in choices):
        return " or ".join(repr(choice) for choice in choices)
    return names.get(kind, "a table")
