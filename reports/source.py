"""Reads what the report shows out of the ledger."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import col, func, select, tuple_

from app.storage import queries
from app.storage.ledger import Ledger
from app.storage.reconcile import reconcile
from app.storage.tables import MarketDataRow, OpportunityRow, TradeOrderRow
from reports.view import LedgerView, bounds

_TIMES = (OpportunityRow.opened_at, TradeOrderRow.decided_at, MarketDataRow.received_time)


async def load(ledger: Ledger, day: date | None = None, discrepancies: Sequence[str] | None = None) -> LedgerView:
    """The run's rows, or those of one UTC day by event time: an order by when it was settled (decided, while it is
    not), its fills with it, whatever day they fell on.

    `discrepancies` is what reconciliation found, a line each; where it is None, the ledger is reconciled here.
    """
    orders = [order for order in await queries.trades(ledger) if _within(order.settled_at or order.decided_at, day)]
    chosen = {(order.trade_id, order.attempt) for order in orders}
    fills = [fill for fill in await queries.fills(ledger) if (fill.trade_id, fill.attempt) in chosen]
    runs = await queries.runs(ledger)
    if discrepancies is None:
        discrepancies = [str(found) for found in await reconcile(ledger)]
    return LedgerView(
        run=runs[-1] if runs else None,
        day=day,
        orders=orders,
        fills=fills,
        opportunities=await queries.opportunities(ledger, day=day),
        near_misses=await queries.near_misses(ledger, day=day),
        balances=await queries.balances(ledger),
        dead_letters=await queries.dead_letters(ledger, day=day),
        invalid=await queries.invalid_messages(ledger),
        tallies=await queries.tallies(ledger) if day is None or await _whole_run(ledger, day) else None,
        quotes=await _last_quotes(ledger, day),
        discrepancies=tuple(discrepancies),
    )


def _within(time: int, day: date | None) -> bool:
    if day is None:
        return True
    first, end = bounds(day)
    return first <= time < end


async def _whole_run(ledger: Ledger, day: date) -> bool:
    """Whether nothing of the run lies outside `day`, so that counts since its start are the day's."""
    first, end = bounds(day)
    for time in _TIMES:
        [(earliest, latest)] = await ledger.tuples(select(func.min(time), func.max(time)))
        if earliest is not None and not first <= earliest <= latest < end:
            return False
    return True


async def _last_quotes(ledger: Ledger, day: date | None) -> list[MarketDataRow]:
    key = (col(MarketDataRow.venue), col(MarketDataRow.pair))
    time = col(MarketDataRow.received_time)
    latest = select(*key, func.max(time)).group_by(*key)
    if day is not None:
        first, end = bounds(day)
        latest = latest.where(time >= first, time < end)
    return await ledger.all(select(MarketDataRow).where(tuple_(*key, time).in_(latest)).order_by(*key))
