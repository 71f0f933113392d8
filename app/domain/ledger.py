"""Whether the books add up: every order has one outcome, and every balance follows from the fills.

All of it is exact: a discrepancy of the last digit is a discrepancy. Money in quote currency unless it says base.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from math import gcd
from typing import Any, TypeVar

from msgspec import Struct

from app.domain.money import FINEST_LOT, ZERO, exact, plain
from app.domain.order import Side
from app.domain.venue import assets

Key = TypeVar("Key")

Holding = tuple[str, str, str]
"""(account, venue, asset)"""


class SettledOrder(Struct, frozen=True):
    """One attempt at a trade, as the ledger has it."""

    trade_id: str
    attempt: int
    account: str
    pair: str
    status: str | None
    """None: the outcome is not known."""
    profit: Decimal | None
    exposure: Decimal | None
    """Base left unmatched: > 0 bought too much, < 0 sold too much."""
    buy_venue: str
    sell_venue: str
    buy_amount: Decimal
    sell_amount: Decimal
    """Base the legs were to trade, each in whole lots of its venue."""


class SettledFill(Struct, frozen=True):
    """One fill. `price` in quote and `amount` in base currency, > 0; `fee` >= 0 in `fee_asset`."""

    trade_id: str
    attempt: int
    venue: str
    pair: str
    side: Side
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_asset: str


class SettledBalance(Struct, frozen=True):
    account: str
    venue: str
    asset: str
    opening: Decimal
    closing: Decimal


class Discrepancy(Struct, frozen=True):
    """One thing that does not add up: what, where, and the two sides of it as text."""

    what: str
    expected: str
    found: str
    trade_id: str = ""
    attempt: int = 0
    """0: not of one attempt."""
    account: str = ""
    venue: str = ""
    asset: str = ""

    def __str__(self) -> str:
        attempt = f"{self.trade_id} attempt {self.attempt}" if self.attempt else self.trade_id
        where = " ".join(part for part in (attempt, self.account, self.venue, self.asset) if part)
        return f"{self.what}: {where}: expected {self.expected}, found {self.found}"


def reconcile(
    orders: Iterable[SettledOrder],
    fills: Iterable[SettledFill],
    balances: Iterable[SettledBalance],
    *,
    opening: Mapping[Holding, Decimal] | None = None,
) -> list[Discrepancy]:
    """All that does not add up, orders first; empty where everything does.

    `opening` is what each holding should have begun with; None believes the balances' own word for it.
    Raises decimal.Inexact where a product has more digits than are kept: nothing is compared rounded.
    """
    attempts: dict[tuple[str, int], list[SettledOrder]] = {}
    for order in orders:
        attempts.setdefault((order.trade_id, order.attempt), []).append(order)
    filled: dict[tuple[str, int], list[SettledFill]] = {}
    for fill in fills:
        filled.setdefault((fill.trade_id, fill.attempt), []).append(fill)
    with exact():
        lots = _lots(outcomes[0] for outcomes in attempts.values())
        found = [wrong for key, outcomes in attempts.items() for wrong in _order(outcomes, filled.get(key, []), lots)]
        found += [_orphan(fill) for key, orphans in filled.items() if key not in attempts for fill in orphans]
        moved: dict[Holding, Decimal] = {}
        for key, outcomes in attempts.items():
            for fill in filled.get(key, []):
                for asset, change in changes(fill):
                    _add(moved, (outcomes[0].account, fill.venue, asset), change)
        found += _balances(moved, balances, opening)
    return found


def changes(fill: SettledFill) -> Iterator[tuple[str, Decimal]]:
    """(asset, change) of the venue's balances: what came, what went, the fee."""
    base, quote = assets(fill.pair)
    sign = 1 if fill.side == "buy" else -1
    yield base, sign * fill.amount
    yield quote, -sign * fill.price * fill.amount
    yield fill.fee_asset, -fill.fee


def _lots(orders: Iterable[SettledOrder]) -> dict[tuple[str, str], Decimal]:
    """(venue, pair) -> the greatest amount that all orders there are multiples of.

    The ledger does not keep the lots. Orders are in whole lots, so the lot divides this: it is never too small, and in
    a run of a few orders it is the lot itself.
    """
    found: dict[tuple[str, str], Fraction] = {}
    for order in orders:
        for venue, amount in ((order.buy_venue, order.buy_amount), (order.sell_venue, order.sell_amount)):
            known, more = found.get((venue, order.pair), Fraction(0)), Fraction(amount)
            divisor = gcd(known.numerator * more.denominator, more.numerator * known.denominator)
            found[venue, order.pair] = Fraction(divisor, known.denominator * more.denominator)
    return {at: Decimal(lot.numerator) / Decimal(lot.denominator) for at, lot in found.items()}


def _order(
    outcomes: list[SettledOrder], fills: list[SettledFill], lots: Mapping[tuple[str, str], Decimal]
) -> Iterator[Discrepancy]:
    order = outcomes[0]
    where: dict[str, Any] = {"trade_id": order.trade_id, "attempt": order.attempt, "account": order.account}
    if len(outcomes) > 1:
        yield Discrepancy("an order has more than one outcome", "1", str(len(outcomes)), **where)
    if order.status is None:
        yield Discrepancy("an order has no outcome", "1", "0", **where)
        return
    if order.status in ("refused", "failed"):
        if fills:
            yield Discrepancy(f"a {order.status} order was filled", "no fills", str(len(fills)), **where)
        if order.exposure:
            yield Discrepancy(f"a {order.status} order left exposure", "0", plain(order.exposure), **where)
    elif order.status in ("filled", "repaired") and order.exposure is not None:
        least, most = _unmatched(order, lots)
        if not least < order.exposure < most:
            between = f"between {plain(least)} and {plain(most)} left"
            yield Discrepancy("the legs do not match", between, plain(order.exposure), **where)
    total: dict[str, Decimal] = {}
    for fill in fills:
        for asset, change in changes(fill):
            _add(total, asset, change)
    base, quote = assets(order.pair)
    for what, asset, told in (
        ("the exposure is not what its fills left", base, order.exposure),
        ("the profit is not what its fills made", quote, order.profit),
    ):
        made = total.get(asset, ZERO)
        if told != made:
            yield Discrepancy(what, plain(made), _text(told), asset=asset, **where)


def _unmatched(order: SettledOrder, lots: Mapping[tuple[str, str], Decimal]) -> tuple[Decimal, Decimal]:
    """What an order whose legs match leaves lies between these: less than a lot, or what was bought in vain from the
    start, as a fee in base and rounding up to the lot have it. One leg alone is always more.
    """
    least = -max(lots[order.sell_venue, order.pair], FINEST_LOT)
    dust = order.buy_amount - order.sell_amount + FINEST_LOT
    return least, max(min(lots[order.buy_venue, order.pair], order.sell_amount), dust)


def _orphan(fill: SettledFill) -> Discrepancy:
    return Discrepancy(
        "a fill has no order",
        "an order",
        f"{fill.side} {plain(fill.amount)} at {plain(fill.price)}",
        trade_id=fill.trade_id,
        attempt=fill.attempt,
        venue=fill.venue,
        asset=assets(fill.pair)[0],
    )


def _balances(
    moved: Mapping[Holding, Decimal], balances: Iterable[SettledBalance], opening: Mapping[Holding, Decimal] | None
) -> Iterator[Discrepancy]:
    seen: set[Holding] = set()
    for row in balances:
        holding = row.account, row.venue, row.asset
        seen.add(holding)
        where: dict[str, Any] = {"account": row.account, "venue": row.venue, "asset": row.asset}
        began = row.opening if opening is None else opening.get(holding, ZERO)
        if row.opening != began:
            yield Discrepancy("a balance began with another amount", plain(began), plain(row.opening), **where)
        closing = row.opening + moved.get(holding, ZERO)
        if row.closing != closing:
            yield Discrepancy("a balance is not what its fills left", plain(closing), plain(row.closing), **where)
    for (account, venue, asset), change in moved.items():
        if change != 0 and (account, venue, asset) not in seen:
            yield Discrepancy(
                "fills moved a balance that is not kept",
                f"a change of {plain(change)}",
                "none",
                account=account,
                venue=venue,
                asset=asset,
            )


def _add(totals: dict[Key, Decimal], key: Key, change: Decimal) -> None:
    totals[key] = totals.get(key, ZERO) + change


def _text(amount: Decimal | None) -> str:
    return "none" if amount is None else plain(amount)
