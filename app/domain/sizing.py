"""The amount of greatest net profit for one direction, or the reason why there is none.

Both books are walked level by level. While the next piece still earns after both fees, taking it adds profit, so the
greatest profit lies where the walk stops: at the first piece whose marginal net edge falls under the floor, at a cap,
or at the end of a book. What both venues accept of that is a question of rounding.
"""

from collections.abc import Iterable
from decimal import Decimal

from app.domain.approval import Refused, Sized
from app.domain.depth import earning
from app.domain.limits import Limits
from app.domain.market_data import Level
from app.domain.money import exact, plain, ratio_bps
from app.domain.rounding import accepted
from app.domain.venue import VenueProfile


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
        wanted = earning(ask_levels, bid_levels, buy, sell, limits)
        if wanted == 0:
            return _nothing(ask_levels[0][0], bid_levels[0][0], buy, sell, limits)
        return accepted(wanted, ask_levels, bid_levels, buy, sell, pair, limits)


def _nothing(ask: Decimal, bid: Decimal, buy: VenueProfile, sell: VenueProfile, limits: Limits) -> Refused:
    gross = plain(ratio_bps(bid - ask, ask))
    fees = f"fees {plain(buy.fee_bps)} bp at {buy.name} and {plain(sell.fee_bps)} bp at {sell.name}"
    if limits.min_edge_bps > 0:
        return Refused("EDGE_BELOW_MINIMUM", f"gross edge {gross} bp, {fees}, floor {limits.min_edge_bps} bp")
    return Refused("EDGE_BELOW_FEES", f"gross edge {gross} bp, {fees}")
