"""Routing tables: which pairs go to the join here, to a channel of their own, or nowhere."""

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from app.domain.errors import ConfigurationError
from app.domain.market_data import Rule

JOIN = "join"
DROP = "drop"
EVERYTHING = (Rule("*", "*", JOIN),)


def destination(rules: Iterable[Rule], venue: str, pair: str) -> str:
    """Where the first matching rule sends it; DROP where none does."""
    for rule in rules:
        if fnmatchcase(venue, rule.venue) and fnmatchcase(pair, rule.pair):
            return rule.to
    return DROP


def check(rules: tuple[Rule, ...], venues: Iterable[str], pairs: Collection[str]) -> None:
    """Raises ConfigurationError where the rules would part the venues of a pair that is joined; no `pairs`: any."""
    for number, rule in enumerate(rules, 1):
        if rule.to not in (JOIN, DROP) and not rule.to.startswith("order_books."):
            raise ConfigurationError(
                f"routing rule {number}: to = {rule.to!r}; a destination is {JOIN!r}, {DROP!r} or 'order_books.<name>'"
            )
    named = sorted(venues)
    for pair in pairs:
        _refuse_parting(pair, {venue: destination(rules, venue, pair) for venue in named})
    if not pairs:  # any pair may come: then all venues must have the same rules
        _refuse_parting("some pair", {venue: _ways(rules, venue) for venue in named})


def _ways(rules: Iterable[Rule], venue: str) -> str:
    """What the rules say of one venue: each glob on pairs once, up to the one that matches all."""
    found: dict[str, str] = {}
    for rule in (*rules, Rule("*", "*", DROP)):
        if "*" not in found and fnmatchcase(venue, rule.venue):
            found.setdefault(rule.pair, rule.to)
    return " ".join(f"{pair}={to}" for pair, to in found.items())


def _refuse_parting(pair: str, found: dict[str, str]) -> None:
    if len(set(found.values())) > 1:
        shown = ", ".join(f"{venue} -> {to}" for venue, to in found.items())
        raise ConfigurationError(
            f"routing rules part the venues of {pair}, which is joined: {shown}; a rule moves whole pairs "
            "(a copy for one venue is a recipient list)"
        )
