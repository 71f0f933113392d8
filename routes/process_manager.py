"""Process Manager: how do we route a message through steps that are not known beforehand and may not be sequential?

In        a TradeOrder (begins a process), LegDone (an order's outcome), FeedEnded (nothing more will come)
Out       commands for the venues; TradeResult; the order to the dead letters where a venue refused or failed it
Key       account: its money has one owner
Guarantee one process a trade, one result an order. Funds and exposure are reserved before anything is sent. In virtual
          time a result counts from the event time at which it happened, so that a replay repeats itself. An order
          that comes again, in live trading, is refused only when the venues do not know its legs
Fails as  refused results: EXPIRED, ALREADY_CLOSED, UNDER_WAY, INSUFFICIENT_FUNDS, EXPOSURE_ABOVE_LIMIT, UNKNOWN_VENUE
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from app.domain.approval import Refused
from app.domain.desk import Desk, Terms
from app.domain.execution import Commands, LegDone, TradeResult
from app.domain.failure import Attempt, DeadLetter
from app.domain.message import Origin, Send
from app.domain.order import FeedEnded, TradeOrder
from app.domain.settlement import Settlement, proceed, refuse, settle, settle_all
from app.domain.venue import VenueProfile

DeadLetterOf = Callable[[TradeOrder, Origin, TradeResult, tuple[Attempt, ...]], DeadLetter]

State = Desk


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
    terms = Terms(profiles, max_exposure, virtual_time, kept)

    def handle(body: Any, origin: Origin, state: State) -> Iterable[Any]:
        if type(body) is TradeOrder:
            ended = settle(state, terms, origin.event_time)
            begun = state.begin(body, origin, terms, None if clock is None else clock())
            if isinstance(begun, Refused):
                return _told([*ended, refuse(state, body, origin, begun, terms)], dead_letter)
            return [*_told(ended, dead_letter), begun]
        if type(body) is LegDone:
            repair = proceed(state, body, terms)
            return _told(settle(state, terms), dead_letter) if repair is None else (Commands((repair,)),)
        if type(body) is FeedEnded:
            return _told(settle_all(state, terms), dead_letter)
        return ()

    return handle


def _told(ended: Iterable[Settlement], dead_letter: DeadLetterOf) -> list[Any]:
    return [said for one in ended for said in _say(one, dead_letter)]


def _say(ended: Settlement, dead_letter: DeadLetterOf) -> Iterator[Any]:
    order, result, origin = ended.result.order, ended.result, ended.origin
    yield Send("trade_results", order.account, result, origin=origin, name=f"result#{order.attempt}")
    if ended.dead is not None:
        letter = dead_letter(order, origin, result, ended.dead)
        yield Send("dead_letters", order.trade_id, letter, origin=origin, name=f"dead#{order.attempt}")
    if ended.closed is not None:
        yield ended.closed
