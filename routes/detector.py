"""Content Enricher (detector): what does a joined instant mean?

In        a joined Instant
Out       Crossing candidates to sizing; OpportunityClosed and near misses to opportunities
Key       pair
Guarantee a direction pays when best bid x (1 - fee) > best ask x (1 + fee), strictly; floats decide only where they
          cannot err, else the venue's own decimals do
Fails as  near misses EDGE_BELOW_FEES and STALE_BOOK
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct, field

from app.domain.counting import Counts
from app.domain.direction import Direction, directions
from app.domain.market_data import EndOfFeed
from app.domain.message import Origin, Send
from app.domain.near_miss import Spells
from app.domain.opportunity import Candidate, Crossing, Instant, NearMiss, OpportunityClosed, Quote
from app.domain.paying import Paying
from app.domain.venue import VenueProfile


class State(Struct):
    pair: str
    numbers: dict[str, int] = {}
    """Direction -> how often it was judged: what is refused twice in a row is one spell, whatever a third venue did."""
    paying: Paying = field(default_factory=Paying)
    spells: Spells = field(default_factory=Spells)
    counts: Counts = field(default_factory=Counts)


def detector(
    *, profiles: Mapping[str, VenueProfile], trade: Literal["opened", "every"], max_age_ns: int
) -> Callable[[Any, Origin, State], Iterable[Any]]:
    ways = directions(profiles)
    by_name = {way.name: way for row in ways.values() for way in row.values()}

    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is not Instant:
            left = _end(state, body.received_time) if type(body) is EndOfFeed else []
            return (*left, *state.counts.tell("detector", state.pair, body, origin), body)
        if body.gone or not body.complete:
            known = [name for name in _on(state) if not body.gone or body.gone in name.split(">")]
            return [send for name in known for send in _quiet(state, by_name[name], body.at)]
        found: list[Any] = []
        changed, quotes, paying, missed = body.changed, body.quotes, state.paying.on, state.spells.on
        news = tuple([quote for quote in quotes if quote.book.venue == changed]) if changed else quotes
        for buy in quotes:
            for sell in quotes if buy.book.venue == changed else news:
                if sell.bid >= buy.ask and sell is not buy:
                    found += _crossing(buy, sell, body, origin, state)
                elif paying or missed:  # most of all: they do not cross, and there is nothing to end
                    way = ways[buy.book.venue][sell.book.venue]
                    if way.name in paying or way.name in missed:
                        found += _quiet(state, way, body.at)
        return found

    def _crossing(buy: Quote, sell: Quote, instant: Instant, origin: Origin, state: State) -> Iterable[Any]:
        way = ways[buy.book.venue][sell.book.venue]
        bid, ask = sell.book.bids[0][0], buy.book.asks[0][0]
        if sell.bid == buy.ask and Decimal(bid) <= Decimal(ask):
            return _quiet(state, way, instant.at)
        number = state.numbers[way.name] = state.numbers.get(way.name, 0) + 1
        crossing = Crossing(
            state.pair, buy.book.venue, sell.book.venue, instant.at, number, bid, ask, sell.bid / buy.ask - 1
        )
        age = instant.at - min(buy.book.received_time, sell.book.received_time)
        if age > max_age_ns:
            detail = f"one book is {age // 1_000_000} ms older, allowed {max_age_ns // 1_000_000} ms"
            return _refuse(state, way, crossing, "STALE_BOOK", detail, origin)
        if not way.pays(sell.bid, buy.ask, bid, ask):
            return _refuse(state, way, crossing, "EDGE_BELOW_FEES", way.fees, origin)
        return _pays(state, way, buy, sell, crossing, origin)

    def _pays(
        state: State, way: Direction, buy: Quote, sell: Quote, crossing: Crossing, origin: Origin
    ) -> Iterable[Any]:
        state.counts.add(f"paying:{way.name}")
        found: list[Any] = [near(message) for message in state.spells.quiet(state.pair, way.name)]
        opportunity_id, opens = state.paying.see(way.name, crossing, origin.message_id)
        if opens:
            state.counts.add(f"opened:{way.name}")
        if opens or trade == "every":
            edge = way.net_bps(crossing.bid, crossing.ask)
            found.append(Candidate(crossing, buy, sell, edge, opportunity_id, opens))
        return found

    def _end(state: State, at: int) -> list[Send]:
        left = [send for name in _on(state) for send in _close(state, by_name[name], at, ended=False)]
        return [*left, *(near(message) for message in state.spells.end(state.pair))]

    return handle


def _on(state: State) -> list[str]:
    """Directions with something open."""
    return sorted({*state.paying.on, *state.spells.on})


def _refuse(state: State, way: Direction, crossing: Crossing, code: str, detail: str, origin: Origin) -> list[Send]:
    state.counts.add(f"near_miss:{code}")
    missed = state.spells.refuse(crossing, code, detail, origin.message_id)
    return [*_close(state, way, crossing.at), *map(near, missed)]


def _quiet(state: State, way: Direction, at: int) -> list[Send]:
    if way.name in state.numbers:
        state.numbers[way.name] += 1  # what is refused hereafter does not follow what was refused before
    return [*map(near, state.spells.quiet(state.pair, way.name)), *_close(state, way, at)]


def _close(state: State, way: Direction, at: int, *, ended: bool = True) -> list[Send]:
    return [_closed(found) for found in state.paying.close(state.pair, way, at, ended=ended)]


def _closed(message: OpportunityClosed) -> Send:
    name = f"{message.pair}/{message.buy_venue}>{message.sell_venue}/closed"
    return Send("opportunities", message.pair, message, name=name)


def near(message: NearMiss) -> Send:
    """Its name in the id tells a spell's beginning from its end, and one pair's from another's at the same mark."""
    name = f"{message.pair}/{message.buy_venue}>{message.sell_venue}/{message.code}.{message.instants}"
    return Send("opportunities", message.pair, message, name=name)
