"""The reconciliation finds each kind of error that is planted in a ledger, and none where there is none."""

from decimal import Decimal as D

import pytest
from sqlalchemy import text

from app.domain.execution import Balance, TradeResult
from app.storage.ledger import Ledger
from app.storage.reconcile import reconcile
from app.storage.trade_rows import order as order_rows
from app.storage.trade_rows import result as result_rows
from tests.app.storage.builders import fill, order, origin, result, worked


async def write(ledger: Ledger, *results: TradeResult) -> None:
    await ledger.write([row for each in results for row in result_rows(each, origin())])


async def plant(ledger: Ledger, statement: str) -> None:
    async with ledger._engine.begin() as connection:
        await connection.execute(text(statement))


async def test_books_that_add_up_have_no_discrepancy(ledger: Ledger) -> None:
    await write(ledger, result("t1"), result("t2", sequence=2))

    assert await reconcile(ledger) == []


async def test_repairs_and_fees_in_base_add_up_too(ledger: Ledger) -> None:
    body = result(
        status="repaired",
        legs=(
            worked("buy", "buy", "a", fill("100", "1.001", fee="0.001", fee_asset="BTC")),
            worked("sell", "sell", "b", fill("110", "0.4", fee="0.000000000000000001")),
        ),
        repairs=(worked("repair-1", "sell", "a", fill("99", "0.5")),),
        profit=D("-100.1") + D("43.999999999999999999") + D("49.5"),
        exposure=D("0.1"),
        balances=(
            Balance("a", "USDT", D(0), D("-50.6")),
            Balance("a", "BTC", D(0), D("0.5")),
            Balance("b", "USDT", D(0), D("43.999999999999999999")),
            Balance("b", "BTC", D(0), D("-0.4")),
        ),
    )
    await write(ledger, body)

    assert await reconcile(ledger) == []


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        (
            "UPDATE trade_orders SET status = NULL WHERE trade_id = 't1'",
            ["an order has no outcome: t1 attempt 1 paper: expected 1, found 0"],
        ),
        (
            "UPDATE trade_orders SET profit = '9.700000000000000001'",
            [
                "the profit is not what its fills made: t1 attempt 1 paper USDT: "
                "expected 9.7, found 9.700000000000000001"
            ],
        ),
        (
            "UPDATE trade_orders SET exposure_base = '0.5'",
            ["the exposure is not what its fills left: t1 attempt 1 paper BTC: expected 0, found 0.5"],
        ),
        (
            "UPDATE balances SET closing = '1' WHERE venue = 'a' AND asset = 'USDT'",
            ["a balance is not what its fills left: paper a USDT: expected 899.9, found 1"],
        ),
        (
            "DELETE FROM balances WHERE venue = 'a' AND asset = 'BTC'",
            ["fills moved a balance that is not kept: paper a BTC: expected a change of 1, found none"],
        ),
        (
            "UPDATE trade_orders SET status = 'refused'",
            ["a refused order was filled: t1 attempt 1 paper: expected no fills, found 2"],
        ),
        (
            "UPDATE trade_orders SET status = 'failed'",
            ["a failed order was filled: t1 attempt 1 paper: expected no fills, found 2"],
        ),
        (
            "INSERT INTO trades SELECT 'cb', 0, 't9', 1, role, venue, pair, side, price, amount, fee, fee_asset, at "
            "FROM trades WHERE side = 'buy'",
            ["a fill has no order: t9 attempt 1 a BTC: expected an order, found buy 1 at 100"],
        ),
    ],
)
async def test_a_planted_error_is_found(ledger: Ledger, url: str, planted: str, found: list[str]) -> None:
    await write(ledger, result())

    await plant(ledger, planted)

    assert [str(each) for each in await reconcile(ledger)] == found


async def test_a_fill_that_is_missing_shows_in_order_and_balances(ledger: Ledger) -> None:
    await write(ledger, result())

    await plant(ledger, "DELETE FROM trades WHERE side = 'sell'")

    assert [(each.what, each.venue, each.asset) for each in await reconcile(ledger)] == [
        ("the exposure is not what its fills left", "", "BTC"),
        ("the profit is not what its fills made", "", "USDT"),
        ("a balance is not what its fills left", "b", "BTC"),
        ("a balance is not what its fills left", "b", "USDT"),
    ]


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("filled", ["the legs do not match"]),
        ("repaired", ["the legs do not match"]),
        ("failed", ["a failed order was filled", "a failed order left exposure"]),
        ("refused", ["a refused order was filled", "a refused order left exposure"]),
        ("exposed", []),
    ],
)
async def test_one_leg_alone_is_no_match_however_well_it_is_booked(
    ledger: Ledger, status: str, found: list[str]
) -> None:
    balances = (Balance("a", "USDT", D(1000), D("899.9")), Balance("a", "BTC", D(0), D(1)))
    legs = (worked("buy", "buy", "a", fill("100", fee="0.1")), worked("sell", "sell", "b"))
    await write(ledger, result(status=status, legs=legs, balances=balances, profit=D("-100.1"), exposure=D(1)))

    assert [each.what for each in await reconcile(ledger)] == found


async def test_an_order_still_open_is_told(ledger: Ledger) -> None:
    await ledger.write(order_rows(order(), origin()))

    assert [each.what for each in await reconcile(ledger)] == ["an order has no outcome"]


async def test_another_opening_than_the_profiled_one_is_told(ledger: Ledger) -> None:
    await write(ledger, result())

    opening = {("paper", "a", "USDT"): D(999), ("paper", "b", "BTC"): D(5)}

    assert [str(each) for each in await reconcile(ledger, opening=opening)] == [
        "a balance began with another amount: paper a USDT: expected 999, found 1000"
    ]
