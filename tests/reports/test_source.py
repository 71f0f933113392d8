"""What is read from a real ledger: the run, or one of its days, with no trade cut in two."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from app.domain.statistics import total
from app.storage.ledger import Ledger
from app.storage.upsert import upsert
from reports.render import render
from reports.source import load
from reports.view import DAY_NS
from tests.reports.report_builders import NOON, SECOND, desk, fill, near_miss, opportunity, order, quote, run, tally

DAY = date(2026, 11, 20)
MIDNIGHT = NOON + 12 * 3_600 * SECOND


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/ledger.sqlite")
    yield opened
    await opened.close()


async def write(ledger: Ledger, *rows: SQLModel) -> None:
    await ledger.write([upsert(row) for row in rows])


async def test_an_empty_ledger_is_a_report_too(ledger: Ledger) -> None:
    view = await load(ledger)

    assert view.run is None
    assert "No trade was settled" in render(view)


async def test_a_trade_belongs_to_the_day_it_was_settled_with_all_its_fills(ledger: Ledger) -> None:
    late = order("t1", decided_at=MIDNIGHT - SECOND, settled_at=MIDNIGHT + SECOND)
    fills = [
        fill("t1", "buy", "alpha", "100", "1", at=MIDNIGHT - SECOND),
        fill("t1", "sell", "beta", "102", "1", at=MIDNIGHT + SECOND),
    ]
    await write(ledger, late, *fills)

    today, tomorrow = await load(ledger, DAY), await load(ledger, date(2026, 11, 21))

    assert (len(today.trades), len(today.fills)) == (0, 0)
    assert (len(tomorrow.trades), len(tomorrow.fills)) == (1, 2)


async def test_an_order_without_outcome_belongs_to_the_day_of_its_decision(ledger: Ledger) -> None:
    await write(ledger, order(status=None, settled_at=None, profit=None))

    assert len((await load(ledger, DAY)).orders) == 1


async def test_counts_of_a_run_are_those_of_a_day_only_where_it_had_no_other(ledger: Ledger) -> None:
    await write(ledger, run(), opportunity("o1"), tally("join", "joined", 5))
    alone = await load(ledger, DAY)
    await write(ledger, opportunity("o2", opened_at=NOON + DAY_NS))

    assert alone.counted("join", "joined") == 5
    assert (await load(ledger, DAY)).tallies is None
    assert (await load(ledger)).counted("join", "joined") == 5


async def test_of_the_quotes_only_the_last_of_each_venue_and_pair_is_read(ledger: Ledger) -> None:
    quotes = [quote(venue, "BTC/USDT", str(100 + i), "200", NOON + i) for venue in ("a", "b") for i in range(9)]
    await write(ledger, *quotes, near_miss())

    assert [(row.venue, str(row.bid)) for row in (await load(ledger)).quotes] == [("a", "108"), ("b", "108")]


async def test_what_was_written_is_reported_to_the_last_digit(ledger: Ledger) -> None:
    desk_view = desk(60)
    await write(ledger, *desk_view.orders, *desk_view.fills)

    read = await load(ledger)

    assert {c: total([t.profit for t in trades]) for c, trades in read.by_currency.items()} == {
        c: total([t.profit for t in trades]) for c, trades in desk_view.by_currency.items()
    }


async def test_what_does_not_add_up_is_on_the_page(ledger: Ledger) -> None:
    await write(ledger, order(profit=None, status=None, settled_at=None))

    page = render(await load(ledger))

    assert "Not reconciled" in page
    assert "t1 attempt 1" in page
