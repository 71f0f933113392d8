"""Rows go in as they are and stay as they are, on both databases."""

import asyncio
import os
import sys
from decimal import Decimal as D
from pathlib import Path

import pytest
from sqlmodel import SQLModel, select

from app.domain.errors import ConfigurationError, Halt, NotRunning, Reject
from app.storage.ledger import Ledger
from app.storage.rows import ROWS
from app.storage.tables import BalanceRow, InvalidMessageRow, RunRow, TallyRow
from app.storage.upsert import Upsert, upsert
from tests.app.storage.builders import origin, result


def balance(closing: str, sequence: int = 1) -> Upsert:
    row = BalanceRow(account="p", venue="v", asset="X", opening=D(0), closing=D(closing), sequence=sequence)
    return upsert(row, update=("closing", "sequence"), newer=("sequence",))


def run_row(name: str = "r", **changes: object) -> RunRow:
    text = dict.fromkeys(("mode", "source", "trade", "join", "fees", "latency", "funds"), "x")
    return RunRow(**{"run": name, **text, "depletion": False, "wall_started": 1, **changes})


@pytest.mark.parametrize(
    "amount",
    ["0.000000000000000001", "123456789012345678.123456789012345678", "-0.100000000000000001", "1E+20", "0", "-0"],
)
async def test_money_keeps_its_last_digit_both_ways(ledger: Ledger, amount: str) -> None:
    await ledger.write([balance(amount)])

    (row,) = await ledger.all(select(BalanceRow))

    assert row.closing == D(amount)


async def test_two_deliveries_change_nothing(ledger: Ledger) -> None:
    rows = ROWS[type(result())](result(), origin())
    await ledger.write(rows)
    first = await everything(ledger)

    await ledger.write(rows)
    await ledger.write(rows + rows)

    assert await everything(ledger) == first


async def test_a_key_may_come_many_times_in_one_batch(ledger: Ledger) -> None:
    await ledger.write([balance("2", 2), balance("3", 3), balance("1", 1)])

    (row,) = await ledger.all(select(BalanceRow))

    assert (row.closing, row.sequence) == (D(3), 3)


async def test_a_row_gives_way_to_a_newer_one_only(ledger: Ledger) -> None:
    await ledger.write([balance("5", 5)])

    await ledger.write([balance("4", 4)])
    await ledger.write([balance("7", 5)])

    (row,) = await ledger.all(select(BalanceRow))
    assert row.closing == D(5)


async def test_of_two_tallies_at_one_time_the_greater_count_holds(ledger: Ledger) -> None:
    def tally(count: int) -> Upsert:
        row = TallyRow(route="scan", pair="BTC/USDT", name="instants", count=count, event_time=9)
        return upsert(row, update=("count", "event_time"), newer=("event_time", "count"))

    await ledger.write([tally(3)])
    await ledger.write([tally(4)])
    await ledger.write([tally(2)])

    (row,) = await ledger.all(select(TallyRow))
    assert row.count == 4


async def test_without_a_rule_the_first_row_holds(ledger: Ledger) -> None:
    await ledger.write([upsert(run_row(mode="demo"))])

    await ledger.write([upsert(run_row(mode="paper"))])

    (row,) = await ledger.all(select(RunRow))
    assert row.mode == "demo"


async def test_a_batch_is_written_whole_or_not_at_all(ledger: Ledger) -> None:
    spoilt = Upsert(BalanceRow, {**balance("1").values, "asset": "Y", "closing": None})

    with pytest.raises(Halt, match="report it"):
        await ledger.write([balance("1"), spoilt])

    assert await ledger.count(BalanceRow) == 0


async def test_a_misspelt_column_halts_and_writes_nothing(ledger: Ledger) -> None:
    with pytest.raises(Halt, match="clossing"):
        await ledger.write([Upsert(BalanceRow, {**balance("1").values, "clossing": D(1)})])


def test_a_number_too_large_for_any_database_is_refused_before_it_keeps_other_rows_out() -> None:
    with pytest.raises(Reject, match="sequence"):
        balance("1", 2**70)


async def test_any_text_of_a_stranger_can_be_stored(ledger: Ledger) -> None:
    row = InvalidMessageRow(
        invalid_id="i\0", where="x/0/1", reason="r\0", field="\ud800", value="€\udfff", raw=b"\0\xff"
    )

    await ledger.write([upsert(row)])

    (found,) = await ledger.all(select(InvalidMessageRow))
    assert (found.reason, found.field, found.value, found.raw) == ("r\u2400", "?", "€?", b"\0\xff")


async def test_no_rows_are_written_without_a_word(ledger: Ledger) -> None:
    await ledger.write([])

    assert await ledger.count(BalanceRow) == 0


async def test_many_may_open_one_new_ledger_at_once(url: str) -> None:
    program = (
        "import asyncio, sys\nfrom app.storage.ledger import Ledger\n"
        "async def main():\n    ledger = await Ledger.open(sys.argv[1])\n    await ledger.close()\n"
        "asyncio.run(main())"
    )
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", program, url, stderr=-1) for _ in range(6)]

    said = [(await process.communicate())[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * 6, said


async def test_a_ledger_is_opened_to_be_read_only_where_there_is_one(sqlite_url: str, tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match=r"there is no SQLite ledger .*ledger\.db; start"):
        await Ledger.open(sqlite_url, migrate=False)

    assert os.listdir(tmp_path) == []


async def test_an_empty_database_is_no_ledger_yet(url: str, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()

    with pytest.raises(NotRunning, match="is empty; start"):
        await Ledger.open(url, migrate=False)


async def test_a_reader_finds_what_was_written(ledger: Ledger, url: str) -> None:
    await ledger.write([balance("1.5")])

    reader = await Ledger.open(url, migrate=False)

    assert [row.closing for row in await reader.all(select(BalanceRow))] == [D("1.5")]
    await reader.close()


async def test_a_file_that_is_no_database_is_named(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("this is a letter, and a long one, but no database at all" * 100)

    with pytest.raises(ConfigurationError, match=r"ledger\.db is no SQLite database"):
        await Ledger.open(sqlite_url)


async def everything(ledger: Ledger) -> list[object]:
    tables = sorted(SQLModel.metadata.tables.values(), key=lambda table: table.name)
    return await ledger.snapshot(*(table.select().order_by(*table.primary_key.columns) for table in tables))
