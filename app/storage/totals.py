"""Counts and sums for a live table. Sums of money are made here, in decimals: SQLite's own would be floats."""

from decimal import Decimal

from msgspec import Struct
from sqlalchemy import func
from sqlmodel import col, select

from app.domain.money import ZERO, exact
from app.storage.ledger import Ledger
from app.storage.queries import balances
from app.storage.tables import DeadLetterRow, FillRow, InvalidMessageRow, NearMissRow, OpportunityRow, TradeOrderRow


class Counts(Struct, frozen=True):
    """How much of everything there is; all >= 0."""

    opportunities: int
    near_misses: int
    orders: int
    outcomes: dict[str, int]
    """Orders by status; `open` are those whose outcome is not known."""
    fills: int
    dead_letters: int
    invalid_messages: int


async def counts(ledger: Ledger) -> Counts:
    """One row a thing that happened. Raises Retry where the database is away."""
    statuses = await ledger.tuples(
        select(func.coalesce(TradeOrderRow.status, "open"), func.count()).group_by(col(TradeOrderRow.status))
    )
    outcomes = dict(sorted((str(status), int(number)) for status, number in statuses))
    return Counts(
        opportunities=await ledger.count(OpportunityRow),
        near_misses=await ledger.count(NearMissRow),
        orders=sum(outcomes.values()),
        outcomes=outcomes,
        fills=await ledger.count(FillRow),
        dead_letters=await ledger.count(DeadLetterRow),
        invalid_messages=await ledger.count(InvalidMessageRow),
    )


async def profit(ledger: Ledger, *, account: str | None = None) -> dict[str, Decimal]:
    """Closing less opening by asset, over all venues; an asset that ends where it began is left out.

    Of a base asset it is what was left unmatched, never profit in quote currency.
    """
    change: dict[str, Decimal] = {}
    with exact():
        for row in await balances(ledger, account=account):
            change[row.asset] = change.get(row.asset, ZERO) + row.closing - row.opening
    return {asset: amount for asset, amount in sorted(change.items()) if amount != 0}
