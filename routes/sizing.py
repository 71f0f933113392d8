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
    """By venue: what we took there."""
    instant: int = -1
    """Offset of the message whose joined instant `now` belongs to."""
    now: dict[str, Withheld] = {}
    """By venue: what other directions took there at this very instant, of what was left before it."""
    spells: Spells = field(default_factory=Spells)
    counts: Counts = field(default_factory=Counts)

    def left(self, instant: int, buy: str, asks: Levels, sell: str, bids: Levels) -> tuple[Levels, Levels]:
        """Asks and bids without what was taken of them at this instant."""
        if instant != self.instant:
            self.instant, self.now = instant, {}
        nothing = Withheld()
        return self.now.get(buy, nothing).asks.less(asks), self.now.get(sell, nothing).bids.less(bids)

    def take(self, buy: str, asks: Levels, bought: Decimal, sell: str, bids: Levels, sold: Decimal) -> None:
        """Takes these amounts of what is left: for the rest of this instant, and until the books show a change."""
        for kept in (self.withheld, self.now):
            kept.setdefault(buy, Withheld()).asks.take(asks, bought)
            kept.setdefault(sell, Withheld()).bids.take(bids, sold)


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
            asks, bids = state.left(origin.offset, buy.name, asks, sell.name, bids)
        sized = size(asks, bids, buy, sell, state.pair, _of(state.pair))
        opened = [Send("opportunities", state.pair, _opened(body, sized))] if body.opens else []
        if isinstance(sized, Refused):
            state.counts.add(f"near_miss:{sized.code}")
            missed = state.spells.refuse(crossing, sized.code, sized.detail, origin.message_id)
            return (*opened, *map(near, missed))
        state.counts.add("ordered")
        if depletion:
            state.take(buy.name, asks, sized.buy_amount, sell.name, bids, sized.sell_amount)
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
