"""Message Translator (sizing): how do we turn an opportunity into an order?

In        Candidate directions
Out       a TradeOrder to trade_orders; OpportunityOpened and near misses to opportunities
Key       pair in, account out
Guarantee an order is made of an approval only: both legs checked for lot, notional, depth and edge, after rounding too
Fails as  near misses: EDGE_UNBELIEVABLE, EDGE_BELOW_MINIMUM, NOTIONAL_BELOW_MINIMUM, AMOUNT_BELOW_LOT, ...
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from app.domain.approval import Refused, Sized
from app.domain.counting import Counts
from app.domain.depletion import Withheld
from app.domain.identity import short_id
from app.domain.limits import Limits
from app.domain.market_data import EndOfFeed, Level
from app.domain.message import Origin, Send
from app.domain.money import exact, ratio_bps
from app.domain.near_miss import Spells
from app.domain.opportunity import Candidate, OpportunityOpened
from app.domain.order import Leg, Position, TradeOrder
from app.domain.sizing import size
from app.domain.venue import VenueProfile, assets
from routes.detector import near

Levels = tuple[Level, ...]


class State(Struct):
    pair: str
    withheld: dict[str, Withheld] = {}
    """`venue side` -> what we took there."""
    instant: int = -1
    """Number of the joined instant that `now` belongs to."""
    now: dict[str, Withheld] = {}
    """`venue side` -> what other directions took there at this very instant, of what was left before it."""
    spells: Spells = field(default_factory=Spells)
    counts: Counts = field(default_factory=Counts)

    def left(self, number: int, venue: str, side: str, levels: Levels) -> Levels:
        """The levels without what was taken of them at this instant."""
        if number != self.instant:
            self.instant, self.now = number, {}
        taken = self.now.get(f"{venue} {side}")
        return levels if taken is None else taken.less(levels)

    def take(self, venue: str, side: str, levels: Levels, amount: Decimal) -> None:
        """Takes `amount` of what is left: for the rest of this instant, and until the book shows a change."""
        for kept in (self.withheld, self.now):
            kept.setdefault(f"{venue} {side}", Withheld()).take(levels, amount)


def sizing(
    *,
    profiles: Mapping[str, VenueProfile],
    limits: Mapping[str, Limits],
    account: str,
    expiry_ns: int,
    depletion: bool,
) -> Callable[[Any, Origin, State], Iterable[Any]]:
    """`limits` by quote currency; `*` for those that have none of their own."""

    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is not Candidate:
            left = state.spells.end(state.pair) if type(body) is EndOfFeed else []
            return (*map(near, left), *state.counts.tell("sizing", state.pair, body, origin), body)
        crossing = body.crossing
        buy, sell = profiles[crossing.buy_venue], profiles[crossing.sell_venue]
        asks, bids = body.buy.book.asks, body.sell.book.bids
        if depletion:
            asks = state.left(crossing.number, buy.name, "asks", asks)
            bids = state.left(crossing.number, sell.name, "bids", bids)
        sized = size(asks, bids, buy, sell, state.pair, _of(state.pair))
        opened = [Send("opportunities", state.pair, _opened(body, sized))] if body.opens else []
        if isinstance(sized, Refused):
            state.counts.add(f"near_miss:{sized.code}")
            missed = state.spells.refuse(crossing, sized.code, sized.detail, origin.message_id)
            return (*opened, *map(near, missed))
        state.counts.add("ordered")
        if depletion:
            state.take(buy.name, "asks", asks, sized.buy_amount)
            state.take(sell.name, "bids", bids, sized.sell_amount)
        return (*opened, Send("trade_orders", account, _order(body, sized, asks, bids, origin)))

    def _of(pair: str) -> Limits:
        return limits.get(assets(pair)[1]) or limits["*"]

    def _order(candidate: Candidate, sized: Sized, asks: Levels, bids: Levels, origin: Origin) -> TradeOrder:
        crossing = candidate.crossing
        base, quote = assets(crossing.pair)
        fee_asset = base if profiles[crossing.buy_venue].fee_in == "base" else quote
        direction = f"{crossing.buy_venue}>{crossing.sell_venue}"
        with exact():
            gross = sized.sell_notional - sized.buy_notional
        return TradeOrder(
            trade_id=short_id("trade", crossing.pair, direction, origin.message_id),
            opportunity_id=candidate.opportunity_id,
            account=account,
            pair=crossing.pair,
            attempt=1,
            decided_at=crossing.at,
            expires_at=crossing.at + expiry_ns,
            legs=(
                Leg(
                    crossing.buy_venue,
                    "buy",
                    sized.buy_amount,
                    sized.buy_limit,
                    sized.buy_notional,
                    sized.buy_fee,
                    fee_asset,
                    asks,
                    candidate.buy.book.received_time,
                ),
                Leg(
                    crossing.sell_venue,
                    "sell",
                    sized.sell_amount,
                    sized.sell_limit,
                    sized.sell_notional,
                    sized.sell_fee,
                    quote,
                    bids,
                    candidate.sell.book.received_time,
                ),
            ),
            expected_profit=sized.profit,
            gross_edge=gross,
            position=Position(origin.channel, origin.partition, origin.offset),
        )

    return handle


def _opened(candidate: Candidate, sized: Sized | Refused) -> OpportunityOpened:
    crossing = candidate.crossing
    refused = isinstance(sized, Refused)
    return OpportunityOpened(
        candidate.opportunity_id,
        crossing.pair,
        crossing.buy_venue,
        crossing.sell_venue,
        crossing.at,
        crossing.ask,
        crossing.bid,
        ratio_bps(Decimal(crossing.bid) - Decimal(crossing.ask), Decimal(crossing.ask)),
        candidate.net_edge_bps,
        candidate.buy.book.identity,
        candidate.sell.book.identity,
        None if isinstance(sized, Refused) else sized.sell_amount,
        None if isinstance(sized, Refused) else sized.profit,
        sized.code if isinstance(sized, Refused) and refused else "",
    )
