"""The read side answers what the command line and the report ask."""

from datetime import date
from decimal import Decimal as D

import pytest

from app.domain.opportunity import OpportunityClosed, OpportunityOpened
from app.storage import queries, totals
from app.storage.ledger import Ledger
from app.storage.rows import ROWS
from app.storage.trace import message, trace
from app.storage.upsert import Upsert
from routes.message_store import message_store
from tests.app.storage.builders import START, order, origin, result

DAY_NS = 86_400_000_000_000


def rows(*bodies: object) -> list[Upsert]:
    return [row for body in bodies for row in ROWS[type(body)](body, origin())]


async def test_trades_are_of_a_day_of_utc(ledger: Ledger) -> None:
    midnight = START - START % DAY_NS + DAY_NS
    await ledger.write(rows(*(order(f"t{at}", at=midnight + at) for at in (-1, 0, DAY_NS - 1, DAY_NS))))

    found = await queries.trades(ledger, day=date(2023, 11, 15))

    assert [row.trade_id for row in found] == ["t0", f"t{DAY_NS - 1}"]


async def test_a_limit_takes_the_newest_oldest_first(ledger: Ledger) -> None:
    await ledger.write(rows(*(order(f"t{at}", at=START + at) for at in range(5))))

    assert [row.trade_id for row in await queries.trades(ledger, limit=2)] == ["t3", "t4"]


async def test_a_trade_is_found_with_its_attempts_and_fills(ledger: Ledger) -> None:
    await ledger.write(rows(order("t1", attempt=2), result("t1"), result("t2", sequence=2)))

    assert [row.status for row in await queries.trade(ledger, "t1")] == ["filled", None]
    assert [row.role for row in await queries.fills(ledger, trade_id="t1")] == ["buy", "sell"]
    assert [row.trade_id for row in await queries.trades(ledger, status="filled")] == ["t1", "t2"]


async def test_profit_is_what_closing_has_more_than_opening(ledger: Ledger) -> None:
    await ledger.write(rows(result("t1"), result("t2", sequence=2)))

    assert await totals.profit(ledger) == {"USDT": D("19.4")}
    assert await totals.profit(ledger, account="nobody") == {}


async def test_everything_is_counted(ledger: Ledger) -> None:
    await ledger.write(rows(result("t1"), order("t2")))

    found = await totals.counts(ledger)

    assert (found.orders, found.outcomes, found.fills) == (2, {"filled": 1, "open": 1}, 2)


async def test_an_opportunity_never_heard_to_open_is_left_out(ledger: Ledger) -> None:
    opened = OpportunityOpened("o1", "BTC/USDT", "a", "b", START, "1", "2", D(1), D(1), "x", "y")
    closed = [OpportunityClosed(f"o{n}", "BTC/USDT", "a", "b", START, START + 5, 3, D(2)) for n in (1, 2)]
    await ledger.write(rows(opened, *closed))

    (found,) = await queries.opportunities(ledger)

    assert (found.opportunity_id, found.ask, found.closed_at) == ("o1", D(1), START + 5)


@pytest.mark.parametrize("asked", ["book", "book/scan.0/size.0", "c1"])
async def test_a_trace_puts_each_message_behind_its_cause(ledger: Ledger, asked: str) -> None:
    causes = {"book/scan.0": "book", "book/scan.1": "book", "book/scan.0/size.0": "book/scan.0", "book": ""}
    store = message_store()
    await ledger.write([row for name, cause in causes.items() for row in store(None, origin(name, causation_id=cause))])
    await ledger.write(store(None, origin("elsewhere", correlation_id="c2")))

    steps = [(step.depth, step.message.message_id) for step in await trace(ledger, asked)]

    assert steps == [(0, "book"), (1, "book/scan.0"), (2, "book/scan.0/size.0"), (1, "book/scan.1")]


async def test_an_unknown_message_has_no_trace(ledger: Ledger) -> None:
    assert await trace(ledger, "unknown") == []
    assert await message(ledger, "unknown") is None


async def test_the_other_lists_are_empty_where_nothing_happened(ledger: Ledger) -> None:
    assert await queries.near_misses(ledger, code="TOO_SMALL", day=date(2023, 11, 14), limit=1) == []
    assert await queries.market_data(ledger, pair="BTC/USDT") == []
    assert await queries.dead_letters(ledger, code="X") == []
    assert await queries.dead_letter(ledger, "x") is None
    assert await queries.invalid_messages(ledger, limit=3) == []
    assert await queries.tallies(ledger, route="scan") == []
    assert await queries.runs(ledger) == []
