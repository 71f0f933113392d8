"""A wanted amount as both venues accept it: multiples of their lots over their minimums, limits on their ticks.

Rounding down to both lots can only shorten it; what is left is checked again. Where the buying venue takes its fee in
base, rounding up to its lot costs, too, and the best of the amounts next below is taken. To be called inside `exact()`.
"""

from collections.abc import Iterator
from decimal import Decimal

from app.domain.approval import Refused, Sized
from app.domain.depth import taking
from app.domain.limits import Limits
from app.domain.lots import Levels, amounts, least_amount
from app.domain.money import BPS, FINEST_LOT, ONE, ZERO, common_step, divide_up, plain, round_down, round_up
from app.domain.venue import Market, VenueProfile


def accepted(
    wanted: Decimal,
    asks: Levels,
    bids: Levels,
    buy: VenueProfile,
    sell: VenueProfile,
    pair: str,
    limits: Limits,
) -> Sized | Refused:
    """The best of the amounts that both venues accept, or why the most that they accept is refused."""
    best: Sized | None = None
    refused: Refused | None = None
    for sold, bought in _amounts(wanted, asks, bids, buy, sell, pair):
        if best is not None and _ideal(sold, asks, bids, buy, sell) <= best.profit:
            break
        found = _checked(sold, bought, asks, bids, buy, sell, pair, limits)
        if isinstance(found, Refused):
            refused = refused or found
        elif best is None or found.profit > best.profit:
            best = found
    if best is not None:
        return best
    return refused or Refused("AMOUNT_BELOW_LOT", f"{plain(wanted)} covers no lot at {buy.name} and {sell.name}")


def _amounts(
    wanted: Decimal, asks: Levels, bids: Levels, buy: VenueProfile, sell: VenueProfile, pair: str
) -> Iterator[tuple[Decimal, Decimal]]:
    """(sold, bought) in falling order. With the fee in quote there is one: the most, and less earns less."""
    buy_lot, sell_lot = buy.market(pair).lot, sell.market(pair).lot
    if buy.fee_in == "base":
        sold = least_amount(bids, sell.market(pair).minimum_notional, sell_lot)
        bought = least_amount(asks, buy.market(pair).minimum_notional, buy_lot)
        yield from amounts(
            wanted,
            asks,
            bids,
            fee=buy.fee,
            sell_factor=ONE - sell.fee,
            buy_lot=buy_lot,
            sell_lot=sell_lot,
            least=max(bought, divide_up(sold, ONE - buy.fee, buy_lot)),
        )
        return
    sold = round_down(wanted, common_step(buy_lot, sell_lot))
    if sold > 0:
        yield sold, sold


def _ideal(sold: Decimal, asks: Levels, bids: Levels, buy: VenueProfile, sell: VenueProfile) -> Decimal:
    """More than `sold` can earn, or any amount below it: nothing is bought in vain."""
    bought = divide_up(sold, ONE - buy.fee, None) - FINEST_LOT
    return taking(bids, sold)[0] * (ONE - sell.fee) - taking(asks, bought)[0]


def _checked(
    sold: Decimal,
    bought: Decimal,
    asks: Levels,
    bids: Levels,
    buy: VenueProfile,
    sell: VenueProfile,
    pair: str,
    limits: Limits,
) -> Sized | Refused:
    buy_market, sell_market = buy.market(pair), sell.market(pair)
    in_base = buy.fee_in == "base"
    buy_notional, buy_limit = taking(asks, bought)
    sell_notional, sell_limit = taking(bids, sold)
    if limits.max_notional is not None and buy_notional > limits.max_notional:  # by rounding up to the lot
        return Refused("AMOUNT_BELOW_LOT", f"{plain(bought)} at {buy.name} is more than {limits.max_notional} allow")
    for market, name, notional in ((buy_market, buy.name, buy_notional), (sell_market, sell.name, sell_notional)):
        if market.minimum_notional is not None and notional < market.minimum_notional:
            return Refused(
                "NOTIONAL_BELOW_MINIMUM",
                f"{plain(notional)} at {name}, whose minimum is {plain(market.minimum_notional)}",
            )
    buy_fee = bought * buy.fee if in_base else buy_notional * buy.fee
    sell_fee = sell_notional * sell.fee
    profit = sell_notional - sell_fee - buy_notional - (ZERO if in_base else buy_fee)
    if profit <= 0:
        return Refused("EDGE_LOST_IN_ROUNDING", f"{plain(sold)} after rounding would earn {plain(profit)}")
    slippage = limits.slippage_bps * BPS
    return Sized(
        sold,
        bought,
        _tick(buy_limit * (ONE + slippage), buy_market, up=True),
        _tick(sell_limit * (ONE - slippage), sell_market, up=False),
        buy_notional,
        sell_notional,
        buy_fee,
        sell_fee,
        profit,
    )


def _tick(price: Decimal, market: Market, *, up: bool) -> Decimal:
    """The limit on the venue's price grid, rounded so that it still reaches the level."""
    return round_up(price, market.tick) if up else round_down(price, market.tick)
