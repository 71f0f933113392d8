"""What two books hold for one direction, walked level by level from the best on. To be called inside `exact()`."""

from collections.abc import Iterator
from decimal import Decimal

from app.domain.limits import Limits
from app.domain.lots import Levels
from app.domain.money import BPS, FINEST_LOT, ONE, ZERO, divide_up
from app.domain.venue import VenueProfile


def earning(asks: Levels, bids: Levels, buy: VenueProfile, sell: VenueProfile, limits: Limits) -> Decimal:
    """Most base to sell while every piece of it earns, up to the cap and before any rounding; 0: not even the first."""
    wanted = ZERO
    turnover = ZERO
    for amount, ask, bid in _pieces(asks, bids, buy):
        cost = _unit_cost(ask, buy)
        net = bid * (ONE - sell.fee) * (ONE - buy.fee if buy.fee_in == "base" else ONE) - cost
        if net <= 0 or net < limits.min_edge_bps * BPS * ask:
            break
        if limits.max_notional is not None and turnover + amount * bid > limits.max_notional:
            wanted += _affordable(limits.max_notional - turnover, bid)
            break
        wanted += amount
        turnover += amount * bid
    return wanted


def taking(levels: Levels, amount: Decimal) -> tuple[Decimal, Decimal]:
    """(quote turned over, worst price) of taking `amount` from the best level on."""
    left, notional, price = amount, ZERO, ZERO
    for price, available in levels:
        taken = min(left, available)
        notional += taken * price
        left -= taken
        if left == 0:
            break
    return notional, price


def _unit_cost(ask: Decimal, buy: VenueProfile) -> Decimal:
    """Quote paid for one unit; with the fee in base, for the (1 - fee) of a unit that arrives."""
    return ask if buy.fee_in == "base" else ask * (ONE + buy.fee)


def _pieces(asks: Levels, bids: Levels, buy: VenueProfile) -> Iterator[tuple[Decimal, Decimal, Decimal]]:
    """(amount sold, ask, bid) while both sides last; amounts in base as sold."""
    keep = ONE - buy.fee if buy.fee_in == "base" else ONE
    a = b = 0
    ask_left, bid_left = asks[0][1] * keep, bids[0][1]
    while True:
        amount = min(ask_left, bid_left)
        yield amount, asks[a][0], bids[b][0]
        ask_left -= amount
        bid_left -= amount
        if ask_left == 0:
            a += 1
            if a == len(asks):
                return
            ask_left = asks[a][1] * keep
        if bid_left == 0:
            b += 1
            if b == len(bids):
                return
            bid_left = bids[b][1]


def _affordable(quote: Decimal, price: Decimal) -> Decimal:
    """Most base that `quote` covers, down to 18 decimals."""
    up = divide_up(quote, price, None)
    return up if up * price <= quote else up - FINEST_LOT
