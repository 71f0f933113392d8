"""The amount of greatest net profit for one direction, or the reason why there is none.

Both books are walked level by level. While the next piece still earns after both fees, taking it adds profit, so the
greatest profit lies where the walk stops: at the first piece whose marginal net edge falls under the floor, at a cap,
or at the end of a book. Rounding down to both lots can only shorten it; what is left is checked again. Where the buying
venue takes its fee in base, rounding up to its lot costs, too, and the best of the amounts next below is taken.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from msgspec import Struct

from app.domain.lots import Levels, amounts, least_amount
from app.domain.market_data import Level
from app.domain.money import (
    BPS,
    FINEST_LOT,
    ONE,
    ZERO,
    common_step,
    divide_up,
    exact,
    plain,
    ratio_bps,
    round_down,
    round_up,
)
from app.domain.venue import Market, VenueProfile


class Limits(Struct, frozen=True):
    """What may be done at most. Quote currency and basis points; None: no cap."""

    max_notional: Decimal | None = None
    """Most quote currency a leg may turn over."""
    min_edge_bps: Decimal = ZERO
    """Marginal net edge, of the ask, under which no further piece is taken, >= 0."""
    max_edge_bps: Decimal = Decimal(500)
    """Gross edge over which it is not an opportunity but a mistake."""
    slippage_bps: Decimal = ZERO
    """How much worse than the worst level walked a limit may be, so that a book that moved a little still fills."""


class Sized(Struct, frozen=True):
    """A trade worth making. Base and quote currency, all > 0 but the fees, which may be 0."""

    sell_amount: Decimal
    buy_amount: Decimal
    """The sell amount, or more where the buying venue takes its fee in base."""
    buy_limit: Decimal
    sell_limit: Decimal
    buy_notional: Decimal
    sell_notional: Decimal
    buy_fee: Decimal
    """In quote, or in base where the venue takes it there."""
    sell_fee: Decimal
    profit: Decimal
    """Sell notional - sell fee - buy notional - buy fee (quote), after everything."""


class Refused(Struct, frozen=True):
    """No trade, and why: `code` is stable, `detail` names the numbers."""

    code: str
    detail: str


def size(
    asks: Iterable[Level], bids: Iterable[Level], buy: VenueProfile, sell: VenueProfile, pair: str, limits: Limits
) -> Sized | Refused:
    """Sizes buying from `asks` at `buy` and selling into `bids` at `sell`; levels best first.

    Codes: EDGE_UNBELIEVABLE, EDGE_BELOW_FEES, EDGE_BELOW_MINIMUM, AMOUNT_BELOW_LOT, NOTIONAL_BELOW_MINIMUM,
    EDGE_LOST_IN_ROUNDING.
    """
    with exact():
        ask_levels = [(Decimal(price), Decimal(amount)) for price, amount in asks]
        bid_levels = [(Decimal(price), Decimal(amount)) for price, amount in bids]
        if not ask_levels or not bid_levels:
            return Refused("NO_DEPTH", "one side has no level left to take")
        edge = ratio_bps(bid_levels[0][0] - ask_levels[0][0], ask_levels[0][0])
        if edge > limits.max_edge_bps:
            return Refused("EDGE_UNBELIEVABLE", f"gross edge {plain(edge)} bp, believed up to {limits.max_edge_bps}")
        wanted = ZERO
        turnover = ZERO
        for amount, ask, bid in _pieces(ask_levels, bid_levels, buy):
            cost = _unit_cost(ask, buy)
            net = bid * (ONE - sell.fee) * (ONE - buy.fee if buy.fee_in == "base" else ONE) - cost
            if net <= 0 or net < limits.min_edge_bps * BPS * ask:
                break
            if limits.max_notional is not None and turnover + amount * bid > limits.max_notional:
                wanted += _affordable(limits.max_notional - turnover, bid)
                break
            wanted += amount
            turnover += amount * bid
        if wanted == 0:
            return _nothing(ask_levels[0][0], bid_levels[0][0], buy, sell, limits)
        return _rounded(wanted, ask_levels, bid_levels, buy, sell, pair, limits)


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


def _nothing(ask: Decimal, bid: Decimal, buy: VenueProfile, sell: VenueProfile, limits: Limits) -> Refused:
    gross = plain(ratio_bps(bid - ask, ask))
    fees = f"fees {plain(buy.fee_bps)} bp at {buy.name} and {plain(sell.fee_bps)} bp at {sell.name}"
    if limits.min_edge_bps > 0:
        return Refused("EDGE_BELOW_MINIMUM", f"gross edge {gross} bp, {fees}, floor {limits.min_edge_bps} bp")
    return Refused("EDGE_BELOW_FEES", f"gross edge {gross} bp, {fees}")


def _rounded(
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
    return _walk(bids, sold)[0] * (ONE - sell.fee) - _walk(asks, bought)[0]


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
    buy_notional, buy_limit = _walk(asks, bought)
    sell_notional, sell_limit = _walk(bids, sold)
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


def _walk(levels: Levels, amount: Decimal) -> tuple[Decimal, Decimal]:
    """(quote turned over, worst price) of taking `amount` from the best level on."""
    left, notional, price = amount, ZERO, ZERO
    for price, available in levels:
        taken = min(left, available)
        notional += taken * price
        left -= taken
        if left == 0:
            break
    return notional, price


def _tick(price: Decimal, market: Market, *, up: bool) -> Decimal:
    """The limit on the venue's price grid, rounded so that it still reaches the level."""
    return round_up(price, market.tick) if up else round_down(price, market.tick)
