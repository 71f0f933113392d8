"""Gross edge - fees - slippage - repairs = profit, to the last digit, whatever the fills were."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import exact
from reports.breakdown import Breakdown, breakdown, summed
from reports.view import LedgerView
from reports.waterfall import steps
from tests.reports.report_builders import fill, one_trade, order

AMOUNT = st.decimals(min_value="0.00000001", max_value=10**6, places=8)
PRICE = st.decimals(min_value="0.00000001", max_value=10**8, places=8)
STATUS = st.sampled_from(["filled", "repaired", "exposed"])
D = Decimal


@st.composite
def traded(draw: st.DrawFn) -> LedgerView:
    """One order with any fills on both legs and any repairs; the ledger's profit is what they changed in quote."""
    fills = []
    for role, side in (("buy", "buy"), ("sell", "sell"), ("repair-1", "sell"), ("repair-2", "buy")):
        for number in range(draw(st.integers(0 if role.startswith("r") else 1, 3))):
            fee, asset = draw(PRICE), draw(st.sampled_from(["USDT", "BTC", "BNB"]))
            row = {"side": side, "number": number, "fee": fee, "fee_asset": asset}
            fills.append(fill("t1", role, "alpha", draw(PRICE), draw(AMOUNT), **row))
    with exact():
        profit = sum(
            (
                f.price * f.amount * (1 if f.side == "sell" else -1) - (f.fee if f.fee_asset == "USDT" else 0)
                for f in fills
            ),
            D(0),
        )
    given_order = order(gross_edge=draw(PRICE), profit=profit, repair_cost=draw(PRICE), status=draw(STATUS))
    return LedgerView(orders=[given_order], fills=fills)


@given(traded())
def test_the_steps_sum_to_the_profit_and_leave_nothing_unexplained(view: LedgerView) -> None:
    parts = breakdown(view.trades[0])

    assert parts.unexplained == 0
    with exact():
        assert parts.gross_edge - parts.fees - parts.slippage - parts.repairs - parts.left_open == parts.profit
        assert sum((amount for _, amount in steps(parts)), D(0)) == parts.profit


@given(st.lists(traded(), min_size=1, max_size=5))
def test_sums_of_trades_keep_the_identity(views: list[LedgerView]) -> None:
    parts = summed([view.trades[0] for view in views])

    with exact():
        assert sum((amount for _, amount in steps(parts)), D(0)) == parts.profit


def test_a_trade_filled_as_decided_has_no_slippage() -> None:
    assert breakdown(one_trade().trades[0]) == Breakdown(D(2), D(0), D(0), D(0), D(0), D(0), D(2))


def test_a_repair_costs_the_difference_to_what_its_leg_paid() -> None:
    fills = [
        fill("t1", "buy", "alpha", "100", "1"),
        fill("t1", "sell", "beta", "102", "0.6"),
        fill("t1", "repair-1", "alpha", "97", "0.4", side="sell"),
    ]
    view = LedgerView(orders=[order(status="repaired", profit=D(0), repair_cost=D("1.2"))], fills=fills)

    parts = breakdown(view.trades[0])

    assert (parts.slippage, parts.repairs, parts.left_open) == (D("0.8"), D("1.2"), D(0))


def test_what_stays_open_is_a_step_of_its_own_and_no_slippage() -> None:
    fills = [fill("t1", "buy", "alpha", "100", "1"), fill("t1", "sell", "beta", "102", "0.6")]
    view = LedgerView(orders=[order(status="exposed", exposure_base=D("0.4"), profit=D("-38.8"))], fills=fills)

    parts = breakdown(view.trades[0])

    assert (parts.left_open, parts.slippage, parts.repairs) == (D(40), D("0.8"), D(0))


def test_a_ledger_that_differs_from_its_fills_says_so() -> None:
    view = one_trade(orders=[order(profit=D("2.5"))])

    assert breakdown(view.trades[0]).unexplained == D("0.5")
    assert steps(breakdown(view.trades[0]))[-1] == ("Unexplained", D("0.5"))


def test_a_trade_that_sold_too_much_does_not_count_the_proceeds_as_profit() -> None:
    fills = [fill("t1", "buy", "alpha", "100", "0.5"), fill("t1", "sell", "beta", "102", "1")]
    view = LedgerView(orders=[order(status="exposed", exposure_base=D("-0.5"), profit=D(52))], fills=fills)

    assert (view.trades[0].left_open, view.trades[0].profit) == (D(-51), D(1))


def test_dust_of_a_grossed_up_leg_is_slippage_and_not_exposure() -> None:
    fee = {"fee": D("0.001001"), "fee_asset": "BTC"}
    fills = [fill("t1", "buy", "alpha", "100", "1.001002", **fee), fill("t1", "sell", "beta", "102", "1")]
    view = LedgerView(
        orders=[order(exposure_base=D("0.000001"), gross_edge=D("1.8998"), profit=D("1.8998"))], fills=fills
    )

    assert breakdown(view.trades[0]).left_open == 0
    assert breakdown(view.trades[0]).unexplained == 0
