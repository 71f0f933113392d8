"""What came of a run, from its ledger: the object that `crossbook replay --json` prints."""

from collections import Counter
from decimal import Decimal
from typing import Any

from app.domain.money import plain
from app.storage.ledger import Ledger
from app.storage.queries import tallies
from app.storage.reconcile import reconcile
from app.storage.totals import counts, profit

_SEEN = ("passed", "trades")


async def summarise(ledger: Ledger) -> dict[str, Any]:
    """Counts by the routes' own tallies, money by the balances; see docs/operations.md for each field."""
    by_route: dict[str, Counter[str]] = {}
    for row in await tallies(ledger):
        by_route.setdefault(row.route, Counter())[row.name] += row.count
    filtered = by_route.get("message_filter", Counter())
    detected = by_route.get("detector", Counter()) + by_route.get("sizing", Counter())
    joined = by_route.get("join", Counter())
    totals = await counts(ledger)
    discrepancies = await reconcile(ledger)
    earned: dict[str, Decimal] = await profit(ledger)
    return {
        "updates": sum(count for name, count in filtered.items() if name != "trades"),
        "filtered": {name: count for name, count in sorted(filtered.items()) if name not in _SEEN},
        "invalid": totals.invalid_messages,
        "joined": joined["joined"],
        "incomplete": joined["incomplete"],
        "late": joined["late"],
        "paying": _named(detected, "paying:"),
        "opportunities": _named(detected, "opened:"),
        "near_misses": _named(detected, "near_miss:"),
        "orders": totals.orders,
        "outcomes": totals.outcomes,
        "fills": totals.fills,
        "dead_letters": totals.dead_letters,
        "profit": {asset: plain(amount) for asset, amount in earned.items()},
        "reconciled": not discrepancies,
    }


def _named(found: Counter[str], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): count for name, count in sorted(found.items()) if name.startswith(prefix)}
