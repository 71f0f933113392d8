"""What is asked of a ledger: one typed function a question.

Lists come in order of event time, oldest first. `day` is a day of UTC, `limit` the most rows: the newest of them.
Each raises Retry where the database is away.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from sqlmodel import SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.storage.ledger import Ledger
from app.storage.tables import (
    BalanceRow,
    DeadLetterRow,
    FillRow,
    InvalidMessageRow,
    MarketDataRow,
    NearMissRow,
    OpportunityRow,
    RunRow,
    TallyRow,
    TradeOrderRow,
)

DAY_NS = 86_400_000_000_000

Row = TypeVar("Row", bound=SQLModel)


async def trades(
    ledger: Ledger, *, day: date | None = None, limit: int | None = None, status: str | None = None
) -> list[TradeOrderRow]:
    """Trade orders with their outcomes, by the time of the decision; `status` is one of the outcomes."""
    query = _on(select(TradeOrderRow), TradeOrderRow.decided_at, day)
    if status is not None:
        query = query.where(TradeOrderRow.status == status)
    return await _newest(ledger, query, limit, TradeOrderRow.decided_at, TradeOrderRow.trade_id, TradeOrderRow.attempt)


async def trade(ledger: Ledger, trade_id: str) -> list[TradeOrderRow]:
    """The attempts at one trade, the first one first; empty where there is no such trade."""
    query = select(TradeOrderRow).where(TradeOrderRow.trade_id == trade_id).order_by(col(TradeOrderRow.attempt))
    return await ledger.all(query)


async def fills(
    ledger: Ledger, *, trade_id: str | None = None, day: date | None = None, limit: int | None = None
) -> list[FillRow]:
    """Fills at venues, legs and repairs alike; `day` is the fill's own."""
    query = _on(select(FillRow), FillRow.at, day)
    if trade_id is not None:
        query = query.where(FillRow.trade_id == trade_id)
    return await _newest(ledger, query, limit, FillRow.at, FillRow.client_order_id, FillRow.number)


async def opportunities(
    ledger: Ledger, *, day: date | None = None, limit: int | None = None, pair: str | None = None
) -> list[OpportunityRow]:
    """Opportunities by the time they opened; one whose opening is not in the ledger is left out."""
    query = _on(select(OpportunityRow), OpportunityRow.opened_at, day).where(col(OpportunityRow.ask).is_not(None))
    if pair is not None:
        query = query.where(OpportunityRow.pair == pair)
    return await _newest(ledger, query, limit, OpportunityRow.opened_at, OpportunityRow.opportunity_id)


async def near_misses(
    ledger: Ledger, *, day: date | None = None, limit: int | None = None, code: str | None = None
) -> list[NearMissRow]:
    """Near misses by the time their spell began."""
    query = _on(select(NearMissRow), NearMissRow.first_at, day)
    if code is not None:
        query = query.where(NearMissRow.code == code)
    return await _newest(ledger, query, limit, NearMissRow.first_at, NearMissRow.near_miss_id)


async def market_data(
    ledger: Ledger, *, day: date | None = None, limit: int | None = None, pair: str | None = None
) -> list[MarketDataRow]:
    """Sampled quotes by received_time."""
    query = _on(select(MarketDataRow), MarketDataRow.received_time, day)
    if pair is not None:
        query = query.where(MarketDataRow.pair == pair)
    return await _newest(ledger, query, limit, MarketDataRow.received_time, MarketDataRow.pair, MarketDataRow.venue)


async def balances(ledger: Ledger, *, account: str | None = None) -> list[BalanceRow]:
    """Holdings by account, venue and asset."""
    query = select(BalanceRow)
    if account is not None:
        query = query.where(BalanceRow.account == account)
    return await ledger.all(query.order_by(col(BalanceRow.account), col(BalanceRow.venue), col(BalanceRow.asset)))


async def dead_letters(
    ledger: Ledger, *, day: date | None = None, limit: int | None = None, code: str | None = None
) -> list[DeadLetterRow]:
    """Dead letters by the event time of their failure."""
    query = _on(select(DeadLetterRow), DeadLetterRow.failed_at, day)
    if code is not None:
        query = query.where(DeadLetterRow.code == code)
    return await _newest(ledger, query, limit, DeadLetterRow.failed_at, DeadLetterRow.dead_letter_id)


async def dead_letter(ledger: Ledger, dead_letter_id: str) -> DeadLetterRow | None:
    return await ledger.first(select(DeadLetterRow).where(DeadLetterRow.dead_letter_id == dead_letter_id))


async def invalid_messages(ledger: Ledger, *, limit: int | None = None) -> list[InvalidMessageRow]:
    """Messages that were none of ours, by id."""
    return await _newest(ledger, select(InvalidMessageRow), limit, InvalidMessageRow.invalid_id)


async def tallies(ledger: Ledger, *, route: str | None = None) -> list[TallyRow]:
    """Counts by route, pair and name."""
    query = select(TallyRow)
    if route is not None:
        query = query.where(TallyRow.route == route)
    return await ledger.all(query.order_by(col(TallyRow.route), col(TallyRow.pair), col(TallyRow.name)))


async def runs(ledger: Ledger) -> list[RunRow]:
    """What this ledger is the ledger of, the oldest first: one row but where a run was resumed under another name."""
    return await ledger.all(select(RunRow).order_by(col(RunRow.wall_started), col(RunRow.run)))


def _on(query: SelectOfScalar[Row], time: Any, day: date | None) -> SelectOfScalar[Row]:
    if day is None:
        return query
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000_000
    return query.where(time >= start, time < start + DAY_NS)


async def _newest(ledger: Ledger, query: SelectOfScalar[Row], limit: int | None, *order: Any) -> list[Row]:
    if limit is None:
        return await ledger.all(query.order_by(*order))
    newest: Sequence[Row] = await ledger.all(query.order_by(*(col(column).desc() for column in order)).limit(limit))
    return list(reversed(newest))
