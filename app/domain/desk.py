"""The desk of one account: its money and its trades, and how a trade begins there. How one ends: settlement."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct, field

from app.domain.account import Account
from app.domain.approval import Refused
from app.domain.execution import Command, Commands
from app.domain.message import Origin
from app.domain.order import TradeOrder
from app.domain.saga import Saga
from app.domain.venue import VenueProfile, assets

_HEALS = ("EXPIRED", "INSUFFICIENT_FUNDS", "EXPOSURE_ABOVE_LIMIT")
"""Refusals that depend on when an order is handled: delivered again, it may have been accepted and sent before."""


class Terms(Struct, frozen=True):
    """On what terms a desk trades; the same for all its orders."""

    profiles: Mapping[str, VenueProfile]
    """By venue: one that has none is not traded."""
    max_exposure: Mapping[str, Decimal]
    """Most quote currency in open trades at once, by currency; `*`: every other. Neither: no cap."""
    virtual_time: bool
    """True: a result counts from the event time at which it happened, so that a replay repeats itself."""
    kept: int
    """How many trades with dead letters are remembered."""


class Desk(Struct):
    account: str
    money: Account = field(default_factory=Account)
    running: dict[str, Saga] = {}
    """By `trade#attempt`: legs or a repair are under way."""
    done: dict[str, Saga] = {}
    """Nothing under way any more, but it ended later in event time than we are."""
    closed: dict[str, str] = {}
    """Trade -> status of its last attempt, for those that have a dead letter: no other can be replayed."""
    now: int = 0
    """Event time, ns: the latest that an order brought."""
    settled: int = 0
    """Trades that have their result."""

    def open_commands(self) -> list[Command]:
        """What is under way, in the order in which it was sent."""
        return [command for saga in self.running.values() for command in saga.open.values()]

    def begin(self, order: TradeOrder, origin: Origin, terms: Terms, wall_now: int | None) -> Commands | Refused:
        """Sets the money aside and says what to send, or why nothing is begun. `wall_now`: the wall clock in live
        trading, ns; None: event time alone counts.

        Codes: UNKNOWN_VENUE, UNDER_WAY, EXPIRED, ALREADY_CLOSED, and those of `Account.reserve`.
        """
        refused = self._reserve(order, origin, terms, wall_now)
        if refused is not None:
            may_be_out = refused.code in _HEALS and origin.redelivered and not terms.virtual_time
            if not may_be_out:
                return refused
            self.money.hold(order, terms.profiles[order.buy.venue], terms.profiles[order.sell.venue])
        saga = self.running[f"{order.trade_id}#{order.attempt}"] = Saga(order, origin, refused=refused)
        return Commands(tuple(saga.legs(terms.profiles)))

    def _reserve(self, order: TradeOrder, origin: Origin, terms: Terms, wall_now: int | None) -> Refused | None:
        unknown = [leg.venue for leg in order.legs if leg.venue not in terms.profiles]
        if unknown:
            return Refused("UNKNOWN_VENUE", f"{unknown[0]} has no profile")
        if any(saga.order.trade_id == order.trade_id for saga in (*self.running.values(), *self.done.values())):
            return Refused("UNDER_WAY", "another attempt at the trade has not ended yet")
        late = _late(order, origin, wall_now)
        if late > 0:
            return Refused("EXPIRED", f"{late // 1_000_000} ms too late to be sent")
        if order.attempt > 1 and self.closed.get(order.trade_id, "closed") not in ("failed", "refused"):
            return Refused("ALREADY_CLOSED", f"the trade is {self.closed.get(order.trade_id, 'closed')}")
        buy, sell = terms.profiles[order.buy.venue], terms.profiles[order.sell.venue]
        limits, quote = terms.max_exposure, assets(order.pair)[1]
        return self.money.reserve(order, buy, sell, limits.get(quote, limits.get("*")))

    def close(self, order: TradeOrder, status: str, kept: int) -> None:
        """Remembers how the attempt ended, as the newest of the `kept`."""
        self.closed.pop(order.trade_id, None)
        self.closed[order.trade_id] = status
        if len(self.closed) > kept:
            del self.closed[next(iter(self.closed))]


def _late(order: TradeOrder, origin: Origin, wall_now: int | None) -> int:
    """Nanoseconds past its expiry: by event time, and in live trading by how long it lay in Kafka, too."""
    late = origin.event_time - order.expires_at
    if wall_now is not None and order.attempt == 1:
        late = max(late, wall_now - origin.wall_sent - (order.expires_at - order.decided_at))
    return late
