"""Statistics of a track record: drawdown, Sharpe ratio, annualisation, percentiles, half-life.

Where a figure would lie (too few days, no spread, no capital) the answer is `Unsaid` with its reason, never a number.
"""

from collections.abc import Sequence
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from math import ceil
from typing import Protocol, Self, TypeVar

from msgspec import Struct

from app.domain.money import ZERO, exact

DAYS_A_YEAR = 365
"""These markets never close."""

LEAST_DAYS = 30
"""Fewer days than this are not annualised: a rule of thumb for the size of a sample."""

LEAST_SAMPLES = 2
"""A sample of one has no deviation."""

_ROUNDED = Context(prec=34, traps=[InvalidOperation, DivisionByZero, Overflow])


class Unsaid(Struct, frozen=True):
    """No figure, and why, in words."""

    reason: str


class _Comparable(Protocol):
    def __lt__(self, other: Self, /) -> bool: ...


T = TypeVar("T", bound=_Comparable)


def total(values: Sequence[Decimal]) -> Decimal:
    """Their sum, to the last digit."""
    with exact():
        return sum(values, ZERO)


def running(changes: Sequence[Decimal]) -> list[Decimal]:
    """The sum up to and including each change: profits (quote currency) become equity, which starts at zero."""
    sums, level = [], ZERO
    with exact():
        for change in changes:
            level += change
            sums.append(level)
    return sums


def drawdowns(equity: Sequence[Decimal]) -> list[Decimal]:
    """Distance below the running peak at each point, <= 0, in the unit of `equity`; the peak starts at zero.

    Magdon-Ismail & Atiya, "Maximum drawdown", Risk 17(10), 2004: DD(t) = max over s <= t of X(s), less X(t).
    """
    below, peak = [], ZERO
    with exact():
        for level in equity:
            peak = max(peak, level)
            below.append(level - peak)
    return below


def percentile(values: Sequence[T], share: float) -> T | Unsaid:
    """The smallest value that at least `share` (0 < share <= 1) of all values do not exceed: one that was observed.

    Hyndman & Fan, "Sample quantiles in statistical packages", The American Statistician 50(4), 1996, definition 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"a percentile's share lies in (0, 1], got {share}")
    if not values:
        return Unsaid("no data")
    rank = ceil(len(values) * Decimal(str(share)))  # decimal, because 100 * 0.07 as floats is more than 7
    return sorted(values)[rank - 1]


def half_life(lifetimes: Sequence[int]) -> int | Unsaid:
    """Time after which half of what opened is gone: the median lifetime, in the unit of `lifetimes`.

    Kaplan & Meier, JASA 53(282), 1958: the median of the survival curve, which without censoring is the sample's.
    """
    return percentile(lifetimes, 0.5)


def mean(values: Sequence[Decimal]) -> Decimal | Unsaid:
    """Arithmetic mean, to 34 digits, in the unit of `values`."""
    return _ROUNDED.divide(total(values), Decimal(len(values))) if values else Unsaid("no data")


def deviation(values: Sequence[Decimal]) -> Decimal | Unsaid:
    """Standard deviation of a sample (n - 1: Bessel's correction), in the unit of `values`."""
    centre = mean(values)
    if isinstance(centre, Unsaid) or len(values) < LEAST_SAMPLES:
        return Unsaid(f"too short: {len(values)} of at least {LEAST_SAMPLES} values")
    squares = ZERO
    for value in values:
        distance = _ROUNDED.subtract(value, centre)
        squares = _ROUNDED.add(squares, _ROUNDED.multiply(distance, distance))
    return _ROUNDED.sqrt(_ROUNDED.divide(squares, Decimal(len(values) - 1)))


def sharpe(daily: Sequence[Decimal]) -> Decimal | Unsaid:
    """Annualised Sharpe ratio of daily profits or returns, days without a trade included as zero; no unit.

    Sharpe, "The Sharpe ratio", Journal of Portfolio Management 21(1), 1994: mean over deviation of the differential
    return, here against a riskless rate of zero, times the root of 365 days. On constant capital the profit in quote
    currency gives the same ratio as the return.
    """
    if len(daily) < LEAST_DAYS:
        return Unsaid(f"too short: {len(daily)} of at least {LEAST_DAYS} days")
    spread, centre = deviation(daily), mean(daily)
    if isinstance(spread, Unsaid) or isinstance(centre, Unsaid):
        return Unsaid("too short")
    if spread == 0:
        return Unsaid("every day earned the same: nothing to divide by")
    return _ROUNDED.multiply(_ROUNDED.divide(centre, spread), _ROUNDED.sqrt(Decimal(DAYS_A_YEAR)))


def simple_return(profit: Decimal, capital: Decimal) -> Decimal | Unsaid:
    """Profit over capital, both in the same currency, as a fraction of one."""
    return _ROUNDED.divide(profit, capital) if capital > 0 else Unsaid("no capital was tied up")


def annualised(fraction: Decimal, days: int) -> Decimal | Unsaid:
    """A return over `days` as a return a year of 365 days, not compounded: arbitrage profit is not re-invested here.

    The Global Investment Performance Standards (CFA Institute, 2020) annualise no period under a year; we are milder,
    and refuse under 30 days.
    """
    if days < LEAST_DAYS:
        return Unsaid(f"too short: {days} of at least {LEAST_DAYS} days")
    return _ROUNDED.divide(_ROUNDED.multiply(fraction, Decimal(DAYS_A_YEAR)), Decimal(days))
