"""Service Activator: how can a service be called by messages, and without them?

In        a command: one order for one venue
Out       LegDone: what became of it
Key       account
Guarantee an order that may have been sent before is asked for by its client order id, never sent blindly again
Fails as  Retry, from the venue; the engine tries again, and says `failed` when it gives up
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from app.domain.execution import Command, LegDone, OrderReport, OrdersClosed
from app.domain.failure import Attempt
from app.domain.message import Origin
from app.venues.port import VenuePort


def outgoing(*, forget: Callable[[Any, OrdersClosed], None]) -> Callable[[Any, Origin, Any], Iterable[Any]]:
    """The way to the service: commands pass; what a closed trade left behind is forgotten."""

    def handle(body: Any, origin: Origin, state: Any) -> Iterable[Any]:
        if type(body) is not OrdersClosed:
            return (body,)
        forget(state, body)
        return ()

    return handle


def service_activator(
    *, venue: Callable[[str, Any], VenuePort], clock: Callable[[], int]
) -> Callable[[Command, Any, bool], Awaitable[LegDone]]:
    """`venue` finds the port by name, given the route's state; `clock` is the wall's, ns, for latencies only."""

    async def perform(command: Command, state: Any, again: bool) -> LegDone:
        port = venue(command.order.venue, state)
        sent = clock()
        refused = command.refused
        report = await port.fetch(command.order.client_order_id) if again or refused else None
        if report is None and refused is not None:
            order = command.order
            report = OrderReport(order.client_order_id, "refused", (), refused.code, refused.detail, order.arrives_at)
        elif report is None:
            report = await port.place(command.order)
        return LegDone(command, report, (), sent, clock())

    return perform


def failed(answer: Command | LegDone, attempts: tuple[Attempt, ...], gave_up: bool) -> LegDone:
    """The answer of a command that failed for good, or one that came after failed attempts."""
    if isinstance(answer, LegDone) and not gave_up:
        return msgspec.structs.replace(answer, attempts=attempts)
    command = answer.command if isinstance(answer, LegDone) else answer
    last = attempts[-1]
    code = "RETRIES_EXHAUSTED" if last.code == "Retry" else last.code
    report = OrderReport(command.order.client_order_id, "failed", (), code, last.detail, command.due)
    return LegDone(command, report, attempts)
