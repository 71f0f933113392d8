"""What the report reads: the rows of one run, or of one of its days, and what every question asks of them first."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from app.domain.money import ZERO, exact
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
from reports.trade import Trade, trade

DAY_NS = 86_400 * 1_000_000_000
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class LedgerView:
    """Rows of the ledger, as `reports.source.load` reads them. `day` is None where the view is of the whole run."""

    run: RunRow | None = None
    day: date | None = None
    orders: Sequence[TradeOrderRow] = ()
    fills: Sequence[FillRow] = ()
    """Of `orders`, whatever day they fell on, so that a trade is never cut in two."""
    opportunities: Sequence[OpportunityRow] = ()
    near_misses: Sequence[NearMissRow] = ()
    balances: Sequence[BalanceRow] = ()
    """As they stand at the end of the run."""
    dead_letters: Sequence[DeadLetterRow] = ()
    invalid: Sequence[InvalidMessageRow] = ()
    """Of the whole run: what cannot be read has no event time."""
    tallies: Sequence[TallyRow] | None = ()
    """Counts since the start of the run; None: the view is of one day out of several, of which they say nothing."""
    quotes: Sequence[MarketDataRow] = ()
    """The last sampled quote of each venue and pair."""
    discrepancies: Sequence[str] | None = ()
    """What reconciliation found, a line each; None: it has not been tried."""

    @cached_property
    def trades(self) -> tuple[Trade, ...]:
        """In the order in which they were settled."""
        fills: dict[tuple[str, int], list[FillRow]] = defaultdict(list)
        for fill in self.fills:
            fills[fill.trade_id, fill.attempt].append(fill)
        found = [trade(order, fills.get((order.trade_id, order.attempt), ())) for order in self.orders]
        settled = [one for one in found if one is not None]
        return tuple(sorted(settled, key=lambda one: (one.at, one.order.sequence or 0, one.order.trade_id)))

    @cached_property
    def by_currency(self) -> dict[str, tuple[Trade, ...]]:
        """Quote currency -> its trades; currencies by name."""
        groups: dict[str, list[Trade]] = defaultdict(list)
        for one in self.trades:
            groups[one.quote].append(one)
        return {currency: tuple(groups[currency]) for currency in sorted(groups)}

    @cached_property
    def span(self) -> tuple[int, int] | None:
        """First and last event time of anything in the view, ns; None where there is nothing."""
        times = [time for order in self.orders for time in (order.decided_at, order.settled_at) if time is not None]
        times += [time for row in self.opportunities for time in (row.opened_at, row.closed_at) if time is not None]
        times += [time for row in self.near_misses for time in (row.first_at, row.last_at)]
        times += [row.received_time for row in self.quotes]
        return (min(times), max(times)) if times else None

    @cached_property
    def days(self) -> tuple[date, ...]:
        """Every UTC day of the span, days without a trade too."""
        if self.day is not None:
            return (self.day,)
        if self.span is None:
            return ()
        first, last = (day_of(time) for time in self.span)
        return tuple(first + timedelta(days=offset) for offset in range((last - first).days + 1))

    def counted(self, route: str, name: str) -> int | None:
        """Sum over pairs of a route's tallies whose name is, or begins with, `name` (`paying:`); None: not counted."""
        if self.tallies is None:
            return None
        rows = [row.count for row in self.tallies if row.route == route and _named(row.name, name)]
        counted = any(row.route == route for row in self.tallies)
        return sum(rows) if counted else None

    def daily_profit(self, currency: str) -> dict[date, Decimal]:
        """Profit of each day of the view in quote currency, zero where none."""
        days = dict.fromkeys(self.days, ZERO)
        with exact():
            for one in self.by_currency.get(currency, ()):
                day = day_of(one.at)
                days[day] = days.get(day, ZERO) + one.profit
        return days


def _named(name: str, wanted: str) -> bool:
    return name.startswith(wanted) if wanted.endswith(":") else name == wanted


def day_of(time: int) -> date:
    """The UTC day of an event time in ns."""
    return datetime.fromtimestamp(time // 1_000_000_000, UTC).date()


def bounds(day: date) -> tuple[int, int]:
    """[first, end) of a UTC day in ns."""
    first = (day - _EPOCH).days * DAY_NS
    return first, first + DAY_NS
