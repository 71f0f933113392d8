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
from app.domain.identity import short_id
from app.domain.market_data import EndOfFeed
from app.domain.message import Origin, Send
from app.domain.money import plain
from app.domain.near_miss import Spells
from app.domain.opportunity import Candidate, Crossing, Instant, NearMiss, OpportunityClosed, Quote, net_edge_bps, pays
from app.domain.venue import VenueProfile

_DOUBT = 1e-12
"""Relative distance within which two products of floats may compare wrongly (a few units in the last of 53 bits)."""


class Open(Struct):
    """A direction that paid at the last joined instant."""

    opportunity_id: str
    opened_at: int
    instants: int
    best: Decimal


class State(Struct):
    pair: str
    numbers: dict[str, int] = {}
    """Direction -> how often it was judged: what is refused twice in a row is one spell, whatever a third venue did."""
    open: dict[str, Open] = {}
    """By direction, `buy>sell`."""
    spells: Spells = field(default_factory=Spells)
    counts: Counts = field(default_factory=Counts)


def detector(
    *, profiles: Mapping[str, VenueProfile], trade: Literal["opened", "every"], max_age_ns: int
) -> Callable[[Any, Origin, State], Iterable[Any]]:
    factors = {
        name: (
            1.0 / (1.0 - float(profile.fee)) if profile.fee_in == "base" else 1.0 + float(profile.fee),
            1.0 - float(profile.fee),
        )
        for name, profile in profiles.items()
    }

    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is not Instant:
            left = _end(state, body.received_time) if type(body) is EndOfFeed else []
            return (*left, *state.counts.tell("detector", state.pair, body, origin), body)
        if body.gone or not body.complete:
            return [send for direction in _known(state, body.gone) for send in _quiet(state, direction, body.at)]
        found: list[Any] = []
        if state.open or state.spells.on:  # a venue may be out of the instant because we took all it had
            here = {quote.book.venue for quote in body.quotes}
            for direction in _known(state, ""):
                if not here.issuperset(direction.split(">")):
                    found += _quiet(state, direction, body.at)
        changed, idle = body.changed, not (state.open or state.spells.on)
        for buy in body.quotes:
            for sell in body.quotes:
                if idle and sell.bid < buy.ask:
                    continue  # most of all: they do not cross, and there is nothing to end
                if buy is not sell and (not changed or changed in (buy.book.venue, sell.book.venue)):
                    found += _direction(buy, sell, body, origin, state)
                    idle = not (state.open or state.spells.on)
        return found

    def _direction(buy: Quote, sell: Quote, instant: Instant, origin: Origin, state: State) -> Iterable[Any]:
        direction = f"{buy.book.venue}>{sell.book.venue}"
        bid, ask = sell.book.bids[0][0], buy.book.asks[0][0]
        if sell.bid < buy.ask or (sell.bid == buy.ask and Decimal(bid) <= Decimal(ask)):
            return _quiet(state, direction, instant.at) if state.open or state.spells.on else ()
        number = state.numbers[direction] = state.numbers.get(direction, 0) + 1
        crossing = Crossing(
            state.pair,
            buy.book.venue,
            sell.book.venue,
            instant.at,
            number,
            bid,
            ask,
            sell.bid / buy.ask - 1,
        )
        age = instant.at - min(buy.book.received_time, sell.book.received_time)
        if age > max_age_ns:
            detail = f"one book is {age // 1_000_000} ms older, allowed {max_age_ns // 1_000_000} ms"
            return [*_close(state, direction, instant.at), *_refuse(state, crossing, "STALE_BOOK", detail, origin)]
        if not _pays(crossing, sell.bid, buy.ask):
            fees = [plain(profiles[quote.book.venue].fee_bps) for quote in (buy, sell)]
            detail = f"fees {fees[0]} + {fees[1]} bp"
            return [*_close(state, direction, instant.at), *_refuse(state, crossing, "EDGE_BELOW_FEES", detail, origin)]
        return _paying(direction, buy, sell, crossing, origin, state)

    def _pays(crossing: Crossing, bid: float, ask: float) -> bool:
        earned = bid * factors[crossing.sell_venue][1]
        paid = ask * factors[crossing.buy_venue][0]
        if abs(earned - paid) > _DOUBT * paid:
            return earned > paid
        return pays(crossing.bid, crossing.ask, profiles[crossing.buy_venue], profiles[crossing.sell_venue])

    def _paying(
        direction: str, buy: Quote, sell: Quote, crossing: Crossing, origin: Origin, state: State
    ) -> Iterable[Any]:
        state.counts.add(f"paying:{direction}")
        quiet = [near(message) for message in state.spells.quiet(state.pair, direction)]
        edge = net_edge_bps(crossing.bid, crossing.ask, profiles[crossing.buy_venue], profiles[crossing.sell_venue])
        known = state.open.get(direction)
        if known is not None:
            known.instants += 1
            known.best = max(known.best, edge)
            return (
                quiet
                if trade == "opened"
                else [*quiet, Candidate(crossing, buy, sell, edge, known.opportunity_id, opens=False)]
            )
        opportunity_id = short_id("opp", state.pair, direction, origin.message_id)
        state.open[direction] = Open(opportunity_id, crossing.at, 1, edge)
        state.counts.add(f"opened:{direction}")
        return [*quiet, Candidate(crossing, buy, sell, edge, opportunity_id, opens=True)]

    return handle


def _known(state: State, venue: str) -> list[str]:
    """Directions with something open that the venue takes part in (any, where none is named)."""
    return [name for name in sorted({*state.open, *state.spells.on}) if not venue or venue in name.split(">")]


def near(message: NearMiss) -> Send:
    """Its name in the id tells a spell's beginning from its end, and one pair's from another's at the same mark."""
    name = f"{message.pair}/{message.buy_venue}>{message.sell_venue}/{message.code}.{message.instants}"
    return Send("opportunities", message.pair, message, name=name)


def _refuse(state: State, crossing: Crossing, code: str, detail: str, origin: Origin) -> list[Send]:
    state.counts.add(f"near_miss:{code}")
    return [near(found) for found in state.spells.refuse(crossing, code, detail, origin.message_id)]


def _quiet(state: State, direction: str, at: int) -> list[Send]:
    if direction in state.numbers:
        state.numbers[direction] += 1  # what is refused hereafter does not follow what was refused before
    ended = [near(message) for message in state.spells.quiet(state.pair, direction)]
    return [*ended, *_close(state, direction, at)]


def _close(state: State, direction: str, at: int, *, ended: bool = True) -> list[Send]:
    known = state.open.pop(direction, None)
    if known is None:
        return []
    buy, _, sell = direction.partition(">")
    closed = OpportunityClosed(
        known.opportunity_id, state.pair, buy, sell, known.opened_at, at, known.instants, known.best, ended
    )
    return [Send("opportunities", state.pair, closed, name=f"{state.pair}/{direction}/closed")]


def _end(state: State, at: int) -> list[Send]:
    left = [send for direction in sorted(state.open) for send in _close(state, direction, at, ended=False)]
    return [*left, *(near(message) for message in state.spells.end(state.pair))]
