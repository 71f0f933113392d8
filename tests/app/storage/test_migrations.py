"""The revisions make what the row classes say, and stop at a ledger that is newer."""

import os
import subprocess
import sys
from decimal import Decimal as D
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from app.domain.errors import ConfigurationError
from app.storage import migrations
from app.storage.ledger import Ledger
from app.storage.rows import ROWS
from app.storage.tables import OpportunityRow
from app.storage.upsert import upsert
from tests.app.storage.builders import START, origin, result

FOLDER = Path(migrations.__file__).parent


def config(connection: Connection | None = None) -> Config:
    made = Config()
    made.set_main_option("script_location", str(FOLDER))
    made.attributes["connection"] = connection
    return made


async def test_the_migrated_schema_is_what_the_row_classes_say(ledger: Ledger) -> None:
    async with ledger._engine.connect() as connection:
        await connection.run_sync(lambda sync: command.check(config(sync)))


def test_the_head_that_the_program_knows_is_the_last_script() -> None:
    assert ScriptDirectory.from_config(config()).get_current_head() == migrations.HEAD


async def test_a_downgrade_leaves_nothing_behind(ledger: Ledger) -> None:
    async with ledger._engine.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(config(sync), "base"))
        await connection.run_sync(lambda sync: command.upgrade(config(sync), "head"))


@pytest.mark.parametrize("migrate", [True, False])
async def test_a_newer_ledger_is_left_alone(ledger: Ledger, url: str, migrate: bool) -> None:
    async with ledger._engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ConfigurationError, match=r"revision 9999, this program 0001.*newer Crossbook"):
        await Ledger.open(url, migrate=migrate)


def test_a_ledger_can_be_made_from_any_folder(tmp_path: Path) -> None:
    program = (
        "import asyncio, app.storage.ledger as l; asyncio.run(l.Ledger.open('sqlite:///with%20%percent.db')); "
        "import os; os._exit(0)"
    )
    root = Path(migrations.__file__).parents[3]

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert [path.suffix for path in tmp_path.iterdir()] != []


def opportunity(name: str, pair: str, profit: str | None) -> OpportunityRow:
    money = dict.fromkeys(("ask", "bid", "gross_edge_bps", "net_edge_bps"), D(1))
    expected = None if profit is None else D(profit)
    return OpportunityRow(
        opportunity_id=name,
        pair=pair,
        buy_venue="a",
        sell_venue="b",
        opened_at=START,
        expected_profit=expected,
        **money,
    )


async def test_the_best_opportunities_are_ranked_within_their_quote_currency(ledger: Ledger) -> None:
    rows = [opportunity("nine", "A/USDT", "9"), opportunity("ten", "B/USDT", "10.000000000000000001")]
    rows += [opportunity("other", "A/BTC", "0.5"), opportunity("refused", "A/USDT", None)]
    await ledger.write([upsert(row) for row in rows])

    query = "SELECT quote_asset, place, opportunity_id FROM v_best_opportunities ORDER BY 1, 2"
    found = await ledger.tuples(text(query))

    assert found == [("BTC", 1, "other"), ("USDT", 1, "ten"), ("USDT", 2, "nine")]


async def test_a_venue_is_judged_by_how_its_trades_went(ledger: Ledger) -> None:
    refused = result("t2", sequence=2, status="refused", code="EXPIRED", legs=(), profit=D(0), balances=())
    await ledger.write([row for body in (result(), refused) for row in ROWS[type(body)](body, origin())])

    query = "SELECT venue, orders, buys, sells, filled, refused, fills FROM v_exchange_performance ORDER BY 1"
    found = await ledger.tuples(text(query))

    assert found == [("a", 2, 2, 0, 1, 1, 1), ("b", 2, 0, 2, 1, 1, 1)]
