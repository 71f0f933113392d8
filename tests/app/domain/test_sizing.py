"""Sizing against an oracle that tries every amount, in fractions."""

from decimal import Decimal as D
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.approval import Refused, Sized
from app.domain.limits import Limits
from app.domain.market_data import Level
from app.domain.money import exact
from app.domain.sizing import size
from app.domain.venue import VenueProfile
from tests.builders import PAIR, profile

Side = tuple[Level, ...]
Levels = list[tuple[Fraction, Fraction]]


def sized(
    asks: Side = (("100", "1"),), bids: Side = (("110", "1"),), *, buy: VenueProfile | None = None,
    sell: VenueProfile | None = None, **limits: Any,
) -> Sized | Refused:  # fmt: skip
    bounds = Limits(**{"max_edge_bps": D(10_000), **{name: D(value) for name, value in limits.items()}})
    return size(asks, bids, buy or profile("a"), sell or profile("b"), PAIR, bounds)


def code(found: Sized | Refused) -> str:
    assert isinstance(found, Refused), found
    return found.code


def good(found: Sized | Refused) -> Sized:
    assert isinstance(found, Sized), found
    return found


def test_everything_that_pays_is_taken() -> None:
    found = good(sized((("100", "1"), ("105", "2")), (("110", "2"), ("104", "9"))))

    assert (found.buy_amount, found.sell_amount) == (2, 2)
    assert (found.buy_notional, found.sell_notional, found.profit) == (205, 220, 15)
    assert (found.buy_limit, found.sell_limit) == (105, 110)


def test_fees_in_quote_are_charged_on_both_legs() -> None:
    found = good(sized(buy=profile(fee_bps="10"), sell=profile(fee_bps="20")))

    assert (found.buy_fee, found.sell_fee, found.profit) == (D("0.1"), D("0.22"), D("9.68"))


def test_a_fee_in_base_grosses_the_buy_leg_up_so_that_the_sell_leg_is_covered() -> None:
    venue = profile(fee_bps="100", fee_in="base", lot="0.001")
    found = good(sized((("100", "10"),), buy=venue, sell=profile("b", lot="0.5")))

    assert (found.sell_amount, found.buy_amount, found.buy_fee) == (1, D("1.011"), D("0.01011"))
    assert found.profit == D("110") - D("101.1")


def test_a_sell_leg_always_pays_its_fee_in_quote() -> None:
    found = good(sized(sell=profile("b", fee_bps="100", fee_in="base")))

    assert (found.sell_amount, found.buy_amount, found.sell_fee, found.profit) == (1, 1, D("1.1"), D("8.9"))


def test_the_amount_is_a_multiple_of_both_lots() -> None:
    found = good(sized((("100", "7"),), (("110", "7"),), buy=profile(lot="0.4"), sell=profile(lot="0.6")))

    assert found.sell_amount == D("6.0")


def test_less_than_a_lot_is_refused() -> None:
    assert code(sized(buy=profile(lot="2"))) == "AMOUNT_BELOW_LOT"


@pytest.mark.parametrize(
    ("buy", "sell", "passes"), [("100", "110", True), ("100.1", None, False), (None, "110.1", False)]
)
def test_both_minimum_notionals_must_be_reached(buy: str | None, sell: str | None, passes: bool) -> None:
    found = sized(buy=profile(minimum_notional=buy), sell=profile("b", minimum_notional=sell))

    assert isinstance(found, Sized) if passes else code(found) == "NOTIONAL_BELOW_MINIMUM"


def test_no_leg_turns_over_more_than_allowed() -> None:
    found = good(sized((("100", "9"),), (("110", "9"),), max_notional="55"))

    assert (found.sell_amount, found.sell_notional) == (D("0.5"), 55)


def test_no_piece_is_taken_whose_edge_is_under_the_floor() -> None:
    found = good(sized((("100", "1"), ("109", "1")), (("110", "2"),), min_edge_bps="100"))

    assert found.sell_amount == 1


@pytest.mark.parametrize(("floor_bps", "expected"), [("1000", Sized), ("1000.01", Refused)])
def test_the_floor_itself_is_enough(floor_bps: str, expected: type) -> None:
    assert isinstance(sized(min_edge_bps=floor_bps), expected)


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("EDGE_BELOW_FEES", {"bids": (("100", "1"),)}),
        ("EDGE_BELOW_FEES", {"buy": profile(fee_bps="1000")}),
        ("EDGE_BELOW_MINIMUM", {"min_edge_bps": "1001"}),
        ("NO_DEPTH", {"asks": ()}),
        ("NO_DEPTH", {"bids": ()}),
        ("EDGE_UNBELIEVABLE", {"max_edge_bps": "500"}),
    ],
)
def test_a_refusal_has_its_code_and_says_the_numbers(expected: str, changes: dict[str, Any]) -> None:
    found = sized(**changes)

    assert (code(found), bool(found.detail)) == (expected, True)  # type: ignore[union-attr]


@pytest.mark.parametrize(("bid", "believed"), [("105", True), ("105.01", False), ("11121", False)])
def test_an_edge_over_500_bp_is_not_believed_by_default(bid: str, believed: bool) -> None:
    found = size((("100", "1"),), ((bid, "1"),), profile(), profile("b"), PAIR, Limits())

    assert isinstance(found, Sized) if believed else code(found) == "EDGE_UNBELIEVABLE"


def test_an_edge_that_rounding_up_to_the_lot_eats_is_refused() -> None:
    found = sized((("109", "9"),), buy=profile(fee_bps="1", fee_in="base", lot="1"), sell=profile("b", lot="1"))

    assert code(found) == "EDGE_LOST_IN_ROUNDING"


def test_less_is_bought_where_rounding_up_to_the_lot_would_eat_the_edge() -> None:
    """1 sold would need 2 bought; 0.9 sold needs 1."""
    found = good(sized((("95", "9"),), buy=profile(fee_bps="1", fee_in="base", lot="1"), sell=profile("b", lot="0.1")))

    assert (found.sell_amount, found.buy_amount, found.profit) == (D("0.9"), 1, 4)


def test_rounding_up_to_the_lot_stays_inside_the_cap() -> None:
    found = sized(
        (("100", "9"),), (("150", "9"),), buy=profile(fee_bps="1", fee_in="base", lot="1"), sell=profile("b", lot="1"),
        max_notional="150",
    )  # fmt: skip

    assert code(found) in ("AMOUNT_BELOW_LOT", "EDGE_LOST_IN_ROUNDING")


def test_the_limits_lie_on_the_ticks_and_still_reach_the_levels() -> None:
    found = good(sized((("100.3", "1"),), (("110.3", "1"),), buy=profile(tick="0.5"), sell=profile("b", tick="0.5")))

    assert (found.buy_limit, found.sell_limit) == (D("100.5"), D("110.0"))


def test_a_slippage_allowance_moves_the_limits_and_nothing_else() -> None:
    plain, wide = good(sized()), good(sized(slippage_bps="100"))

    assert (wide.buy_limit, wide.sell_limit) == (101, D("108.9"))
    assert (wide.profit, wide.buy_amount, wide.sell_amount) == (plain.profit, plain.buy_amount, plain.sell_amount)


# the oracle


def take(levels: Levels, amount: Fraction) -> Fraction | None:
    """Quote turned over by `amount`; None where there is not enough."""
    notional = Fraction(0)
    for price, available in levels:
        taken = min(amount, available)
        notional += taken * price
        amount -= taken
    return notional if amount == 0 else None


def reach(asks: Levels, bids: Levels, buy: VenueProfile, sell: VenueProfile, least: Fraction) -> Fraction:
    """Most that can be sold while every piece earns, and at least the floor."""
    fee, keep = Fraction(buy.fee), 1 - Fraction(buy.fee)
    total = Fraction(0)
    asks, bids = [list(level) for level in asks], [list(level) for level in bids]  # type: ignore[misc]
    while asks and bids:
        ask, bid = asks[0][0], bids[0][0]
        net = bid * (1 - Fraction(sell.fee))
        net = net * keep - ask if buy.fee_in == "base" else net - ask * (1 + fee)
        if net <= 0 or net / ask < least / 10_000:
            break
        arrives = keep if buy.fee_in == "base" else Fraction(1)
        piece = min(asks[0][1] * arrives, bids[0][1])
        total += piece
        asks[0][1] -= piece / arrives  # type: ignore[index]
        bids[0][1] -= piece  # type: ignore[index]
        asks, bids = [one for one in asks if one[1]], [one for one in bids if one[1]]
    return total


def best(
    asks: Side, bids: Side, buy: VenueProfile, sell: VenueProfile, bounds: Limits
) -> tuple[Fraction, Fraction, Fraction] | None:
    """(profit, sold, bought) of the best amount of all; None where none earns."""
    ask_levels = [(Fraction(price), Fraction(amount)) for price, amount in asks]
    bid_levels = [(Fraction(price), Fraction(amount)) for price, amount in bids]
    most = reach(ask_levels, bid_levels, buy, sell, Fraction(bounds.min_edge_bps))
    buy_lot, sell_lot = (Fraction(one.market(PAIR).lot or 1) for one in (buy, sell))
    found = None
    for count in range(1, floor(most / sell_lot) + 1):
        sold = count * sell_lot
        wanted = sold / (1 - Fraction(buy.fee)) if buy.fee_in == "base" else sold
        bought = ceil(wanted / buy_lot) * buy_lot
        if buy.fee_in == "quote" and bought != sold:
            continue
        paid, got = take(ask_levels, bought), take(bid_levels, sold)
        if paid is None or got is None:
            continue
        if bounds.max_notional is not None and max(paid, got) > Fraction(bounds.max_notional):
            continue
        if any(
            one.market(PAIR).minimum_notional is not None and turned < Fraction(one.market(PAIR).minimum_notional)  # type: ignore[arg-type]
            for one, turned in ((buy, paid), (sell, got))
        ):
            continue
        fee = paid * Fraction(buy.fee) if buy.fee_in == "quote" else Fraction(0)
        profit = got * (1 - Fraction(sell.fee)) - paid - fee
        if profit > 0 and (found is None or profit > found[0]):
            found = (profit, sold, bought)
    return found


prices = st.lists(st.integers(900, 1100), min_size=1, max_size=4, unique=True)
amounts = st.integers(1, 60)
lots = st.sampled_from(["1", "0.5", "0.2", "0.3", "2", "1.5"])
fee_bps = st.sampled_from(["0", "1", "10", "7.5", "100", "250"])
minima = st.sampled_from([None, None, "50", "400"])


@st.composite
def cases(draw: Any) -> tuple[Side, Side, VenueProfile, VenueProfile, Limits]:
    def side(*, falling: bool) -> Side:
        return tuple((str(D(price) / 10), str(D(draw(amounts)) / 5)) for price in sorted(draw(prices), reverse=falling))

    buy = profile(
        "a", fee_bps=draw(fee_bps), fee_in=draw(st.sampled_from(["quote", "base"])), lot=draw(lots),
        minimum_notional=draw(minima),
    )  # fmt: skip
    sell = profile("b", fee_bps=draw(fee_bps), lot=draw(lots), minimum_notional=draw(minima))
    cap = draw(st.sampled_from([None, D(100), D(512), D("1000.1")]))
    limits = Limits(cap, D(draw(st.sampled_from(["0", "5", "50.5"]))), D(10_000))
    return side(falling=False), side(falling=True), buy, sell, limits


@settings(max_examples=600, deadline=None)
@given(cases())
def test_no_amount_earns_more(case: tuple[Side, Side, VenueProfile, VenueProfile, Limits]) -> None:
    found = size(case[0], case[1], case[2], case[3], PAIR, case[4])

    expected = best(*case)

    if expected is None:
        assert isinstance(found, Refused)
    else:
        assert isinstance(found, Sized), (found, expected)
        assert Fraction(found.profit) == expected[0]


@settings(max_examples=300, deadline=None)
@given(cases())
def test_what_is_sized_keeps_every_promise(case: tuple[Side, Side, VenueProfile, VenueProfile, Limits]) -> None:
    asks, bids, buy, sell, limits = case
    found = size(asks, bids, buy, sell, PAIR, limits)
    if isinstance(found, Refused):
        return

    received = found.buy_amount - (found.buy_fee if buy.fee_in == "base" else 0)
    assert found.profit > 0
    assert received >= found.sell_amount
    assert found.sell_amount <= sum(D(amount) for _, amount in bids)
    assert found.buy_amount <= sum(D(amount) for _, amount in asks)
    for one, amount in ((buy, found.buy_amount), (sell, found.sell_amount)):
        assert amount % one.market(PAIR).lot == 0  # type: ignore[operator]
    if limits.max_notional is not None:
        assert max(found.buy_notional, found.sell_notional) <= limits.max_notional
    assert found.buy_limit >= D(asks[0][0])
    assert found.sell_limit <= D(bids[0][0])


def digits(whole: int, places: int) -> Any:
    return st.integers(1, 10 ** (whole + places) - 1).map(lambda units: format(D(units).scaleb(-places), "f"))


@settings(max_examples=300, deadline=None)
@given(
    price=digits(7, 8), edge_bps=st.integers(2, 499), sizes=st.lists(digits(8, 18), min_size=2, max_size=6),
    buy_fee=fee_bps, fee_in=st.sampled_from(["quote", "base"]), cap=st.none() | digits(8, 8),
)  # fmt: skip
@example("9999999.99999999", 499, ["99999999.999999999999999999"] * 6, "7.5", "base", "12345678.12345678")
def test_no_digit_is_lost_with_18_decimals(
    price: str, edge_bps: int, sizes: list[str], buy_fee: str, fee_in: Any, cap: str | None
) -> None:
    with exact():
        asks = tuple((format(D(price) * (10_000 + number) / 10_000, "f"), one) for number, one in enumerate(sizes))
        bids = tuple(
            (format(D(price) * (10_500 - number) / 10_000, "f"), one) for number, one in enumerate(reversed(sizes))
        )
    buy, sell = profile("a", fee_bps=buy_fee, fee_in=fee_in), profile("b", fee_bps="12.5")

    found = size(asks, bids, buy, sell, PAIR, Limits(None if cap is None else D(cap), D(0), D(1_000)))

    if isinstance(found, Sized):
        fee = Fraction(0) if fee_in == "base" else Fraction(found.buy_notional) * Fraction(buy.fee)
        net = Fraction(found.sell_notional) * (1 - Fraction(sell.fee)) - Fraction(found.buy_notional) - fee
        assert Fraction(found.profit) == net
        received = Fraction(found.buy_amount) * (1 - Fraction(buy.fee) if fee_in == "base" else 1)
        assert Fraction(found.sell_amount) <= received
