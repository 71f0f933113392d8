"""Which multiples of both lots earn most where the buying venue takes its fee in base.

What is bought is a multiple of the buying lot, what is sold a multiple of the selling lot that the bought amount, less
its fee, covers. The rest is paid for in vain, and how much that is goes up and down with the amount: buying a few lots
less than the most can earn more. Between two levels everything is linear, so the search there is on integers: with n
lots bought, bid x sold - ask x bought = constant + n x edge - bid x rest(n), where rest(n) is a remainder.
"""

from collections.abc import Iterator
from decimal import Decimal

from app.domain.money import FINEST_LOT, ONE, ZERO, divide_up, round_down, round_up

Levels = list[tuple[Decimal, Decimal]]
"""(price, amount), best first."""

_TRIES = 2_000
"""Lots tried between two levels at most. The bound ends the search far sooner, unless the edge is next to nothing."""


def amounts(
    wanted: Decimal,
    asks: Levels,
    bids: Levels,
    *,
    fee: Decimal,
    sell_factor: Decimal,
    buy_lot: Decimal | None,
    sell_lot: Decimal | None,
    least: Decimal,
) -> Iterator[tuple[Decimal, Decimal]]:
    """(sold, bought) worth a look, in falling order: the most, then the best between each two levels below it.

    `wanted` is the most to sell, `fee` the buyer's as a fraction, `sell_factor` what of a bid is left after its fee,
    `least` what must be bought for both venues to take the order.
    Whoever takes the best of those that it accepts takes the best there is. To be called inside `exact()`.
    """
    keep, step = ONE - fee, sell_lot or FINEST_LOT
    sold = round_down(wanted, step)
    if sold <= 0:
        return
    depth = sum((amount for _, amount in asks), ZERO)
    bought = divide_up(sold, keep, buy_lot)
    if bought <= depth:
        yield sold, bought
    if buy_lot is None:
        return  # nothing worth the name is bought in vain
    most = round_down(min(depth, bought - buy_lot), buy_lot)
    while most > 0 and most >= least:
        (ask, above_ask), (bid, above_bid) = _level(asks, most), _level(bids, round_down(most * keep, step))
        floor = max(above_ask, divide_up(above_bid, keep, None), least - buy_lot)
        best = _between(most, floor, ask, bid * sell_factor, keep, buy_lot, step)
        sold = round_down(best * keep, step)
        if sold > 0:
            yield sold, best
        most = min(most - buy_lot, round_down(floor, buy_lot))


def least_amount(levels: Levels, notional: Decimal | None, step: Decimal | None) -> Decimal:
    """The least amount, a multiple of `step`, that turns over `notional`; 0 where there is no minimum."""
    if notional is None:
        return ZERO
    amount, turned = ZERO, ZERO
    for price, available in levels:
        if turned + available * price >= notional:
            return round_up(amount + divide_up(notional - turned, price, None), step)
        amount += available
        turned += available * price
    return amount + FINEST_LOT


def _level(levels: Levels, amount: Decimal) -> tuple[Decimal, Decimal]:
    """(price of the level that the last of `amount` comes from, what the levels before it hold)."""
    before = ZERO
    for price, available in levels:
        if amount <= before + available:
            return price, before
        before += available
    return levels[-1][0], before - levels[-1][1]


def _between(
    most: Decimal, floor: Decimal, ask: Decimal, bid: Decimal, keep: Decimal, buy_lot: Decimal, step: Decimal
) -> Decimal:
    """The best amount to buy in (floor, most], all at one ask and one bid (the bid after its fee)."""
    scale = -min(int(value.as_tuple().exponent) for value in (most, floor, ask, bid, keep, buy_lot, step, ONE))
    first, last, price, paid, kept, lot, unit = (
        int(value.scaleb(scale)) for value in (most, floor, bid, ask, keep, buy_lot, step)
    )
    one = 10**scale
    period = unit * one
    fall = lot * kept % period
    edge = lot * (price * kept - paid * one)  # what one lot earns where nothing is bought in vain
    rest = first * kept % period
    best, chosen = -price * rest, 0
    for tried in range(1, min(_TRIES, (first - last - 1) // lot) + 1):
        if -tried * edge <= best:
            break  # even with no rest it would earn less
        rest -= fall
        if rest < 0:
            rest += period
        found = -tried * edge - price * rest
        if found > best:
            best, chosen = found, tried
    return most - chosen * buy_lot
