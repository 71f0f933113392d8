"""Statistics that would lie are refused with a reason; the others are right to the last digit they claim."""

from decimal import Decimal
from statistics import median, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import statistics
from app.domain.statistics import Unsaid

MONEY = st.decimals(min_value=-(10**9), max_value=10**9, places=8, allow_nan=False, allow_infinity=False)


def test_a_drawdown_is_measured_from_the_peak_and_not_from_the_start() -> None:
    equity = [Decimal(text) for text in ("5", "12", "7", "9", "13", "1")]

    below = statistics.drawdowns(equity)

    assert [str(depth) for depth in below] == ["0", "0", "-5", "-3", "0", "-12"]


def test_a_loss_before_any_gain_is_a_drawdown_from_zero() -> None:
    assert statistics.drawdowns([Decimal(-3), Decimal(-1)]) == [-3, -1]


@given(st.lists(MONEY, min_size=1))
def test_running_profit_ends_at_the_total_and_is_never_above_its_peak(changes: list[Decimal]) -> None:
    equity = statistics.running(changes)

    assert equity[-1] == statistics.total(changes)
    assert all(depth <= 0 for depth in statistics.drawdowns(equity))


def test_a_total_keeps_digits_that_the_default_precision_would_lose() -> None:
    values = [Decimal("1e20"), Decimal("1e-18"), Decimal("-1e20")]

    assert statistics.total(values) == Decimal("1e-18")


@pytest.mark.parametrize(("share", "expected"), [(0.01, 1), (0.5, 50), (0.9, 90), (0.99, 99), (1, 100)])
def test_a_percentile_is_a_value_that_was_observed(share: float, expected: int) -> None:
    assert statistics.percentile(list(range(100, 0, -1)), share) == expected


def test_a_percentile_is_not_off_by_one_where_a_binary_fraction_would_be() -> None:
    assert statistics.percentile(list(range(1, 101)), 0.07) == 7


@given(st.lists(st.integers(0, 10**12), min_size=1).filter(lambda values: len(values) % 2 == 1))
def test_the_half_life_of_an_odd_number_is_the_median(lifetimes: list[int]) -> None:
    assert statistics.half_life(lifetimes) == median(lifetimes)


def test_nothing_has_no_percentile() -> None:
    assert statistics.percentile([], 0.5) == Unsaid("no data")
    assert statistics.mean([]) == Unsaid("no data")


def test_a_share_outside_of_its_range_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match=r"\(0, 1\]"):
        statistics.percentile([1], 0)


def test_one_value_has_no_deviation() -> None:
    assert isinstance(statistics.deviation([Decimal(1)]), Unsaid)


@given(st.lists(MONEY, min_size=2, max_size=50))
def test_the_deviation_is_that_of_a_sample(values: list[Decimal]) -> None:
    found = statistics.deviation(values)

    assert isinstance(found, Decimal)
    assert float(found) == pytest.approx(float(stdev(values)), rel=1e-9, abs=1e-9)


def test_29_days_are_too_short_for_a_sharpe_ratio_and_30_are_not() -> None:
    days = [Decimal(day % 5) for day in range(30)]

    assert statistics.sharpe(days[:29]) == Unsaid("too short: 29 of at least 30 days")
    ratio = statistics.sharpe(days)
    assert isinstance(ratio, Decimal)
    assert float(ratio) == pytest.approx(2 / float(stdev(days)) * 365**0.5)


def test_days_that_all_earn_the_same_have_no_sharpe_ratio_rather_than_an_infinite_one() -> None:
    answer = statistics.sharpe([Decimal(7)] * 40)

    assert isinstance(answer, Unsaid)
    assert "same" in answer.reason


def test_a_year_has_365_days_and_is_not_compounded() -> None:
    assert statistics.annualised(Decimal("0.01"), 73) == Decimal("0.05")


def test_a_week_is_not_annualised() -> None:
    assert statistics.annualised(Decimal("0.01"), 7) == Unsaid("too short: 7 of at least 30 days")


def test_no_capital_gives_no_return_rather_than_an_infinite_one() -> None:
    assert statistics.simple_return(Decimal(5), Decimal(0)) == Unsaid("no capital was tied up")
