"""How an order ends: refused, or settled when its legs and the repair of what did not match are done."""

from msgspec import Struct
from msgspec.structs import replace

from app.domain.approval import Refused
from app.domain.desk import Desk, Terms
from app.domain.execution import Command, LegDone, LegResult, OrdersClosed, TradeResult
from app.domain.failure import Attempt
from app.domain.message import Origin
from app.domain.order import TradeOrder
from app.domain.saga import Saga
from app.domain.venue import assets


class Settlement(Struct, frozen=True):
    """The one outcome of an order, and what must be said because of it."""

    result: TradeResult
    origin: Origin
    """The order's own envelope: the answer that ended it is not what the result comes of."""
    dead: tuple[Attempt, ...] | None = None
    """The failed tries that its dead letter tells; None: it has none."""
    closed: OrdersClosed | None = None
    """What venues may forget; None: nothing was sent."""


def refuse(desk: Desk, order: TradeOrder, origin: Origin, refused: Refused, terms: Terms) -> Settlement:
    """Ends an order of which nothing came. One that came too late is dead, and may be replayed."""
    desk.settled += 1
    expired = refused.code == "EXPIRED"
    if expired:
        desk.close(order, "refused", terms.kept)
    settled_at = max(order.decided_at, desk.now)
    result = TradeResult(order, "refused", refused.code, refused.detail, settled_at, desk.settled)
    return Settlement(result, origin, () if expired and order.attempt == 1 else None)


def proceed(desk: Desk, answer: LegDone, terms: Terms) -> Command | None:
    """Takes in what became of an order; the repair that the trade needs next, if any."""
    command = answer.command
    name = next((key for key, saga in desk.running.items() if _owns(saga, command)), None)
    if name is None:
        return None  # answered before, by whoever had this partition
    saga = desk.running[name]
    del saga.open[command.role]
    saga.outcomes[command.role] = _outcome(answer)
    saga.attempts += answer.attempts
    if saga.open:
        return None
    repair = saga.repair(terms.profiles)
    if repair is None:
        desk.done[name] = desk.running.pop(name)
    return repair


def settle(desk: Desk, terms: Terms, now: int = 0) -> list[Settlement]:
    """Ends the trades whose event time has come, in its order. `now`: event time that a message brought, ns."""
    desk.now = max(desk.now, now)
    due = [
        (saga.ended_at(), name)
        for name, saga in desk.done.items()
        if not terms.virtual_time or saga.ended_at() <= desk.now
    ]
    return [_end(desk, desk.done.pop(name), terms) for _, name in sorted(due)]


def settle_all(desk: Desk, terms: Terms) -> list[Settlement]:
    """Nothing more will come: event time goes on to the last end."""
    return settle(desk, terms, max((saga.ended_at() for saga in desk.done.values()), default=0))


def _end(desk: Desk, saga: Saga, terms: Terms) -> Settlement:
    order = saga.order
    desk.money.release(order, terms.profiles[order.buy.venue], terms.profiles[order.sell.venue])
    closed = OrdersClosed(tuple((leg.venue, leg.client_order_id) for leg in saga.outcomes.values()))
    if saga.refused is not None and not any(leg.report.fills for leg in saga.outcomes.values()):
        return replace(refuse(desk, order, saga.origin, saga.refused, terms), closed=closed)
    result = _result(desk, saga, terms)
    dead = any(_died(leg) for leg in saga.outcomes.values())
    if dead or order.attempt > 1:
        desk.close(order, result.status, terms.kept)
    return Settlement(result, saga.origin, saga.attempts if dead else None, closed)


def _result(desk: Desk, saga: Saga, terms: Terms) -> TradeResult:
    touched: set[tuple[str, str]] = set()
    for leg in saga.outcomes.values():
        desk.money.apply(leg, saga.order.pair, terms.profiles[leg.venue])
        if leg.report.fills:
            touched |= {(leg.venue, asset) for asset in assets(saga.order.pair)}
    status, code, detail = saga.verdict(terms.profiles)
    desk.settled += 1
    return TradeResult(
        saga.order,
        status,
        code,
        detail,
        saga.ended_at(),
        desk.settled,
        (saga.outcomes["buy"], saga.outcomes["sell"]),
        saga.repairs(),
        saga.profit(),
        saga.repair_cost(),
        saga.unmatched(),
        desk.money.balances(touched),
    )


def _outcome(answer: LegDone) -> LegResult:
    command, order = answer.command, answer.command.order
    return LegResult(
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


def _owns(saga: Saga, command: Command) -> bool:
    known = saga.open.get(command.role)
    return known is not None and known.order.client_order_id == command.order.client_order_id


def _died(leg: LegResult) -> bool:
    """Refused or failed, and not filled all the same."""
    return leg.report.status in ("refused", "failed") and leg.report.filled < leg.amount
