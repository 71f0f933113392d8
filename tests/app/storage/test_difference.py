"""Two ledgers of the same input tell the same; where they do not, the place is named."""

from collections.abc import AsyncIterator
from decimal import Decimal as D
from pathlib import Path

import pytest

from app.storage.difference import MISSING, Difference, difference
from app.storage.ledger import Ledger
from app.storage.tables import RunRow
from app.storage.trade_rows import result as result_rows
from app.storage.upsert import Upsert, upsert
from routes.message_store import message_store
from tests.app.storage.builders import origin, result


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Ledger]:
    """Always SQLite: beside PostgreSQL it shows that the kind of database makes no difference."""
    opened = await Ledger.open(f"sqlite:///{tmp_path / 'other.db'}")
    yield opened
    await opened.close()


async def all_of(left: Ledger, right: Ledger) -> list[Difference]:
    return [each async for each in difference(left, right)]


def run_row(name: str, **changes: object) -> Upsert:
    text = dict.fromkeys(("mode", "source", "trade", "join", "fees", "latency", "funds"), "x")
    return upsert(RunRow(**{"run": name, **text, "depletion": False, "wall_started": 1, **changes}))


async def test_two_runs_that_differ_in_wall_clocks_alone_tell_the_same(ledger: Ledger, other: Ledger) -> None:
    store = message_store()
    names = ["a", "B", "Z", "z", "_", "é", "a/b.0", "a-1", "aé", "😀", "10", "9"]  # sorted apart by most languages
    await ledger.write([row for name in names for row in store(None, origin(name, wall_sent=1, offset=1))])
    await other.write([row for name in names[::-1] for row in store(None, origin(name, wall_sent=2, offset=2))])
    await ledger.write(result_rows(result(), origin()))
    await other.write(result_rows(result(), origin(wall_sent=9_999)))
    await ledger.write([run_row("first")])
    await other.write([run_row("second", wall_started=2)])

    assert await all_of(ledger, other) == []


async def test_a_column_that_differs_is_named_with_both_values(ledger: Ledger, other: Ledger) -> None:
    await ledger.write(result_rows(result(profit=D("9.7")), origin()))
    await other.write(result_rows(result(profit=D("9.700000000000000001")), origin()))

    assert await all_of(ledger, other) == [
        Difference("trade_orders", ("t1", 1), "profit", D("9.7"), D("9.700000000000000001"))
    ]


async def test_a_row_in_one_ledger_alone_is_told(ledger: Ledger, other: Ledger) -> None:
    store = message_store()
    await ledger.write([row for name in ("m1", "m2") for row in store(None, origin(name))])
    await other.write([row for name in ("m2", "m3") for row in store(None, origin(name))])

    assert await all_of(ledger, other) == [
        Difference("messages", ("m1",), "", "a row", MISSING),
        Difference("messages", ("m3",), "", MISSING, "a row"),
    ]


async def test_runs_are_compared_by_what_they_were_started_with(ledger: Ledger, other: Ledger) -> None:
    await ledger.write([run_row("first", latency="0")])
    await other.write([run_row("second", latency="50")])

    (found,) = await all_of(ledger, other)

    assert str(found) == "runs latency: 0 | 50"
