"""What a matched trade may leave over: less than a lot, which the orders themselves give away."""

from decimal import Decimal as D

import pytest

from app.domain.ledger import SettledFill, SettledOrder, reconcile


def order(trade_id: str, bought: str, sold: str, exposure: str) -> SettledOrder:
    return SettledOrder(
        trade_id, 1, "paper", "BTC/USDT", "filled", D(0), D(exposure), "a", "b", D(bought), D(sold)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bought", "sold", "exposure", "matches"),
    [
        ("3", "3", "0", True),
        ("3", "3", "0.49", True),
        ("3", "3", "0.5", False),
        ("3", "3", "-0.49", True),
        ("3", "3", "-0.5", False),
        ("3.5", "2.5", "1", True),  # fee and rounding to the lot, bought in vain from the start
        ("3.5", "2.5", "1.1", False),
        ("0.5", "0.5", "0.49", True),  # one lot, of which a part was filled that nobody takes back
        ("0.5", "0.5", "0.5", False),
    ],
)
def test_less_than_the_lot_or_than_the_dust_that_was_planned_is_no_mismatch(bought, sold, exposure, matches):
    orders = [order("lots", "2", "2", "0"), order("more", "1.5", "1.5", "0"), order("t1", bought, sold, exposure)]
    fills = [
        SettledFill("t1", 1, "a", "BTC/USDT", "buy" if D(exposure) > 0 else "sell", D(1), abs(D(exposure)), D(0), "")
    ]

    found = [each for each in reconcile(orders, fills, ()) if each.what == "the legs do not match"]

    assert (not found) is matches
