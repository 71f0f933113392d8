"""Routing tables from TOML: [[rules]] with globs on venue and pair and a destination; first match wins."""

import tomllib
from pathlib import Path
from typing import Any

from app.domain.errors import ConfigurationError
from app.domain.market_data import Rule
from app.domain.routing import DROP, EVERYTHING


def load_rules(path: Path | None) -> tuple[Rule, ...]:
    """The rules in the file, `otherwise` (default: drop) last; everything to the join where there is no file.

    Raises ConfigurationError naming file, rule, key and value.
    """
    if path is None:
        return EVERYTHING
    try:
        table = tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigurationError(f"cannot read routing table {path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"routing table {path}: {error}") from None
    unknown = sorted(set(table) - {"rules", "otherwise"})
    if unknown:
        raise ConfigurationError(f"routing table {path}: unknown key {unknown[0]!r}; there are rules and otherwise")
    rows = table.get("rules", [])
    if not isinstance(rows, list):
        raise ConfigurationError(f"routing table {path}: rules = {rows!r}; write [[rules]] tables")
    otherwise = table.get("otherwise", DROP)
    last = {"venue": "*", "pair": "*", "to": otherwise}
    return tuple(_rule(path, number, row) for number, row in enumerate([*rows, last], 1))


def _rule(path: Path, number: int, row: Any) -> Rule:
    if not isinstance(row, dict):
        raise ConfigurationError(f"routing table {path}, rule {number}: {row!r} is no table")
    for key in sorted(set(row) | {"to"}):
        value = row.get(key)
        if key not in ("venue", "pair", "to"):
            raise ConfigurationError(f"routing table {path}, rule {number}: unknown key {key!r}; venue, pair and to")
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"routing table {path}, rule {number}: {key} = {value!r}; a text is needed")
    return Rule(row.get("venue", "*"), row.get("pair", "*"), row["to"])
