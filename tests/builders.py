"""Market data, orders and profiles with defaults: a test names only the number that matters."""

from collections.abc import Iterable, Mapping
from decimal import Decimal as D
from typing import Any

from app.domain.execution import Fill, LegResult, OrderReport, VenueOrder
from app.domain.market_data import Book, EndOfFeed, Level, Tick
from app.domain.message import Origin
from app.domain.opportunity import Instant, Quote
from app.domain.order import Leg, Position, TradeOrder, client_order_id
from app.domain.venue import Market, VenueProfile
from app.engine.step import Out, Step, through

START = 1_700_000_000_000_000_000
"""2023-11-14T22:13:20Z, ns."""
MS = 1_000_000
SECOND = 1_000 * MS
PAIR = "BTC/USDT"


def origin(number: int = 1, **changes: Any) -> Origin:
    """The envelope of the `number`-th message of market_data."""
    values: dict[str, Any] = {
        "message_id": f"m{number}",
        "correlation_id": f"m{number}",
        "causation_id": "",
        "channel": "market_data",
        "partition": 0,
        "offset": number,
        "event_time": START,
    }
    return Origin(**{**values, **changes})


def book(
    bid: str = "99", ask: str = "101", *, size: str = "1", venue: str = "a", sequence: int = 1, at: int = START,
    **changes: Any,
) -> Book:  # fmt: skip
    """One level a side; `bids` and `asks` replace them, "" leaves a side empty."""
    values: dict[str, Any] = {
        "pair": PAIR,
        "source": "rec",
        "exchange_time": None,
        "bids": ((bid, size),) if bid else (),
        "asks": ((ask, size),) if ask else (),
    }
    return Book(venue=venue, sequence=sequence, received_time=at, **{**values, **changes})


def quote(bid: str = "99", ask: str = "101", **changes: Any) -> Quote:
    found = book(bid, ask, **changes)
    return Quote(found, float(found.bids[0][0]), float(found.asks[0][0]), 0, found.sequence)


def instant(*quotes: Quote, at: int = START, **changes: Any) -> Instant:
    return Instant(PAIR, at, tuple(sorted(quotes, key=lambda one: one.book.venue)), **changes)


def tick(at: int = START, sequence: int = 1) -> Tick:
    return Tick("rec", sequence, at)


def end(at: int = START, *, partitions: int = 1) -> EndOfFeed:
    return EndOfFeed("rec", 99, at, partitions)


def profile(
    name: str = "a", *, fee_bps: str = "0", lot: str | None = None, tick: str | None = None,
    minimum_notional: str | None = None, funds: Mapping[str, str] | None = None, **changes: Any,
) -> VenueProfile:  # fmt: skip
    rules = [None if text is None else D(text) for text in (lot, tick, minimum_notional)]
    held = {asset: D(amount) for asset, amount in (funds or {}).items()}
    return VenueProfile(name, D(fee_bps), default_market=Market(*rules), funds=held, **changes)


def profiles(*found: VenueProfile) -> dict[str, VenueProfile]:
    """By name; a and b without fees where none is given."""
    return {one.name: one for one in found or (profile("a"), profile("b"))}


def order(
    trade_id: str = "t1", *, amount: str = "1", buy_price: str = "100", sell_price: str = "110", attempt: int = 1,
    at: int = START, expires_at: int = START + 60 * SECOND, bought: str = "", buy_fee: str = "0",
    fee_asset: str = "USDT", buy: str = "a", sell: str = "b",
) -> TradeOrder:  # fmt: skip
    """Buys `amount` (or `bought`, where a fee in base is to be covered) at `buy`, sells it at `sell`."""
    paid = bought or amount
    legs = (
        Leg(buy, "buy", D(paid), D(buy_price), D(paid) * D(buy_price), D(buy_fee), fee_asset,
            ((buy_price, paid),), at),
        Leg(sell, "sell", D(amount), D(sell_price), D(amount) * D(sell_price), D(0), "USDT",
            ((sell_price, amount),), at),
    )  # fmt: skip
    profit = legs[1].notional - legs[0].notional
    return TradeOrder(
        trade_id, f"o-{trade_id}", "paper", PAIR, attempt, at, expires_at, legs, profit, profit,
        Position("market_data", 0, 41),
    )  # fmt: skip


def venue_order(
    amount: str = "1", limit: str | None = "100", *, side: str = "buy", venue: str = "a", identity: str = "t1",
    levels: Iterable[Level] | None = (("100", "5"),), at: int = START, offset: int = 0,
) -> VenueOrder:  # fmt: skip
    """`levels` None: it fills on the venue's first book behind `offset` at or after `at`."""
    return VenueOrder(
        client_order_id(identity, 1, side, venue), venue, PAIR, side, D(amount), None if limit is None else D(limit),
        at, Position("market_data", 0, offset), None if levels is None else tuple(levels),
    )  # type: ignore[arg-type]  # fmt: skip


def fill(price: str = "100", amount: str = "1", fee: str = "0", fee_asset: str = "USDT", at: int = START) -> Fill:
    return Fill(D(price), D(amount), D(fee), fee_asset, at)


def leg_result(side: str, *fills: Fill, role: str = "", venue: str = "", status: str = "filled") -> LegResult:
    report = OrderReport(f"cb-{role or side}", status, fills, at=START)  # type: ignore[arg-type]
    where = venue or ("a" if side == "buy" else "b")
    return LegResult(role or side, where, side, report.client_order_id, D(1), None, report)  # type: ignore[arg-type]


def states(steps: tuple[Step, ...], key: str = PAIR) -> list[Any]:
    """Fresh states, shared where a step shares another's."""
    found = [None if step.state is None else step.state(key) for step in steps]
    names = [step.name for step in steps]
    return [found[names.index(step.shares)] if step.shares else found[at] for at, step in enumerate(steps)]


def run(steps: tuple[Step, ...], bodies: Iterable[Any], held: list[Any]) -> tuple[list[Out], list[Any]]:
    """What all bodies become, one after the other, as messages 1, 2, 3, ..."""
    outs: list[Out] = []
    left: list[Any] = []
    for number, body in enumerate(bodies, 1):
        found = through(steps, body, origin(number, event_time=getattr(body, "received_time", START)), held)
        outs += found[0]
        left += found[1]
    return outs, left
