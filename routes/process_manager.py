"""Process Manager: how do we route a message through steps that are not known beforehand and may not be sequential?

In        a TradeOrder (begins a process), LegDone (an order's outcome), FeedEnded (nothing more will come)
Out       commands for the venues; TradeResult; the order to the dead letters where a venue refused or failed it
Key       account: its money has one owner
Guarantee one process a trade, one result an order. Funds and exposure are reserved before anything is sent. In virtual
          time a result counts from the event time at which it happened, so that a replay repeats itself. An order
          that comes again, in live trading, is refused only when the venues do not know its legs
Fails as  refused results: EXPIRED, ALREADY_CLOSED, UNDER_WAY, INSUFFICIENT_FUNDS, EXPOSURE_ABOVE_LIMIT, UNKNOWN_VENUE
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from app.domain.account import Account
from app.domain.approval import Refused
from app.domain.execution import Command, Commands, LegDone, LegResult, OrdersClosed, TradeResult
from app.domain.failure import DeadLetter
from app.domain.message import Origin, Send
from app.domain.order import FeedEnded, TradeOrder
from app.domain.saga import Saga
from app.domain.venue import VenueProfile, assets

DeadLetterOf = Callable[[TradeOrder, Origin, TradeResult, tuple[Any, ...]], DeadLetter]


_HEALS = ("EXPIRED", "INSUFFICIENT_FUNDS", "EXPOSURE_ABOVE_LIMIT")
"""Refusals that depend on when an order is handled: delivered again, it may have been accepted and sent before."""


class State(Struct):
    account: str
    money: Account = field(default_factory=Account)
    running: dict[str, Saga] = {}
    """By `trade#attempt`: legs or a repair are under way."""
    done: dict[str, Saga] = {}
    """Nothing under way any more, but it ended later in event time than we are."""
    closed: dict[str, str] = {}
    """Trade -> status of its last attempt, for those that have a dead letter: no other can be replayed."""
    now: int = 0
    settled: int = 0


@dataclass(frozen=True, slots=True)
class _Manager:
    profiles: Mapping[str, VenueProfile]
    max_exposure: Mapping[str, Decimal]
    virtual_time: bool
    dead_letter: DeadLetterOf
    clock: Callable[[], int] | None
    kept: int

    def handle(self, body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is TradeOrder:
            state.now = max(state.now, origin.event_time)
            return [*self._settle(state), *self._begin(body, origin, state)]
        if type(body) is LegDone:
            return self._continue(body, state)
        if type(body) is FeedEnded:
            state.now = max([state.now, *(_ended_at(saga) for saga in state.done.values())])
            return self._settle(state)
        return ()

    def _begin(self, order: TradeOrder, origin: Origin, state: State) -> Iterable[Any]:
        unknown = [leg.venue for leg in order.legs if leg.venue not in self.profiles]
        if unknown:
            refused: Refused | None = Refused("UNKNOWN_VENUE", f"{unknown[0]} has no profile")
        elif any(saga.order.trade_id == order.trade_id for saga in (*state.running.values(), *state.done.values())):
            refused = Refused("UNDER_WAY", "another attempt at the trade has not ended yet")
        elif (late := self._late(order, origin)) > 0:
            refused = Refused("EXPIRED", f"{late // 1_000_000} ms too late to be sent")
        elif order.attempt > 1 and state.closed.get(order.trade_id, "closed") not in ("failed", "refused"):
            refused = Refused("ALREADY_CLOSED", f"the trade is {state.closed.get(order.trade_id, 'closed')}")
        else:
            buy, sell = self.profiles[order.buy.venue], self.profiles[order.sell.venue]
            limits, quote = self.max_exposure, assets(order.pair)[1]
            refused = state.money.reserve(order, buy, sell, limits.get(quote, limits.get("*")))
        may_be_out = refused is not None and refused.code in _HEALS and origin.redelivered and not self.virtual_time
        if refused is not None and not may_be_out:
            return self._refuse(order, origin, refused, state)
        if refused is not None:
            state.money.hold(order, self.profiles[order.buy.venue], self.profiles[order.sell.venue])
        saga = state.running[_name(order)] = Saga(order, origin, refused=refused)
        return (Commands(tuple(saga.legs(self.profiles))),)

    def _late(self, order: TradeOrder, origin: Origin) -> int:
        """Nanoseconds past its expiry: by event time, and in live trading by how long it lay in Kafka, too."""
        late = origin.event_time - order.expires_at
        if self.clock is not None and order.attempt == 1:
            late = max(late, self.clock() - origin.wall_sent - (order.expires_at - order.decided_at))
        return late

    def _refuse(self, order: TradeOrder, origin: Origin, refused: Refused, state: State) -> Iterable[Any]:
        state.settled += 1
        if refused.code == "EXPIRED":
            self._close(state, order, "refused")
        result = TradeResult(
            order, "refused", refused.code, refused.detail, max(order.decided_at, state.now), state.settled
        )
        sends = [Send("trade_results", order.account, result, origin=origin, name=f"result#{order.attempt}")]
        if refused.code == "EXPIRED" and order.attempt == 1:
            sends.append(self._dead(order, origin, result, ()))
        return sends

    def _continue(self, answer: LegDone, state: State) -> Iterable[Any]:
        command = answer.command
        name = next((key for key, saga in state.running.items() if _owns(saga, command)), None)
        if name is None:
            return ()  # answered before, by whoever had this partition
        saga = state.running[name]
        del saga.open[command.role]
        order = command.order
        saga.outcomes[command.role] = LegResult(
            command.role,
            order.venue,
            order.side,
            order.client_order_id,
            order.amount,
            order.limit_price,
            answer.report,
            answer.wall_sent,
            answer.wall_done,
        )
        saga.attempts += answer.attempts
        if saga.open:
            return ()
        repair = saga.repair(self.profiles)
        if repair is not None:
            return (Commands((repair,)),)
        state.done[name] = state.running.pop(name)
        return self._settle(state)

    def _settle(self, state: State) -> list[Any]:
        """Results whose event time has come, in its order."""
        due = [
            (_ended_at(saga), name)
            for name, saga in state.done.items()
            if not self.virtual_time or _ended_at(saga) <= state.now
        ]
        return [send for _, name in sorted(due) for send in self._result(state, state.done.pop(name))]

    def _result(self, state: State, saga: Saga) -> Iterable[Any]:
        order = saga.order
        state.money.release(order, self.profiles[order.buy.venue], self.profiles[order.sell.venue])
        closed = OrdersClosed(tuple((leg.venue, leg.client_order_id) for leg in saga.outcomes.values()))
        if saga.refused is not None and not any(leg.report.fills for leg in saga.outcomes.values()):
            yield from self._refuse(order, saga.origin, saga.refused, state)
            yield closed
            return
        touched: set[tuple[str, str]] = set()
        for leg in saga.outcomes.values():
            state.money.apply(leg, order.pair, self.profiles[leg.venue])
            if leg.report.fills:
                touched |= {(leg.venue, asset) for asset in assets(order.pair)}
        status, code, detail = saga.verdict(self.profiles)
        state.settled += 1
        result = TradeResult(
            order,
            status,
            code,
            detail,
            _ended_at(saga),
            state.settled,
            (saga.outcomes["buy"], saga.outcomes["sell"]),
            saga.repairs(),
            saga.profit(),
            saga.repair_cost(),
            saga.unmatched(),
            state.money.balances(touched),
        )
        yield Send("trade_results", order.account, result, origin=saga.origin, name=f"result#{order.attempt}")
        if any(_died(leg) for leg in saga.outcomes.values()):
            self._close(state, order, status)
            yield self._dead(order, saga.origin, result, saga.attempts)
        elif order.attempt > 1:
            self._close(state, order, status)
        yield closed

    def _close(self, state: State, order: TradeOrder, status: str) -> None:
        state.closed.pop(order.trade_id, None)
        state.closed[order.trade_id] = status
        if len(state.closed) > self.kept:
            del state.closed[next(iter(state.closed))]

    def _dead(self, order: TradeOrder, origin: Origin, result: TradeResult, attempts: tuple[Any, ...]) -> Send:
        letter = self.dead_letter(order, origin, result, attempts)
        return Send("dead_letters", order.trade_id, letter, origin=origin, name=f"dead#{order.attempt}")


def process_manager(
    *,
    profiles: Mapping[str, VenueProfile],
    max_exposure: Mapping[str, Decimal],
    virtual_time: bool,
    dead_letter: DeadLetterOf,
    clock: Callable[[], int] | None = None,
    kept: int = 10_000,
) -> Callable[[Any, Origin, State], Iterable[Any]]:
    """`clock` is the wall's, ns, for live trading; `kept`: how many trades with dead letters are remembered."""
    return _Manager(profiles, max_exposure, virtual_time, dead_letter, clock, kept).handle


def open_commands(state: State) -> list[Command]:
    """What was under way when the state was written, in the order in which it was sent."""
    return [command for saga in state.running.values() for command in saga.open.values()]


def _name(order: TradeOrder) -> str:
    return f"{order.trade_id}#{order.attempt}"


def _owns(saga: Saga, command: Command) -> bool:
    known = saga.open.get(command.role)
    return known is not None and known.order.client_order_id == command.order.client_order_id


def _died(leg: LegResult) -> bool:
    """Refused or failed, and not filled all the same."""
    return leg.report.status in ("refused", "failed") and leg.report.filled < leg.amount


def _ended_at(saga: Saga) -> int:
    return max(outcome.report.at for outcome in saga.outcomes.values())
