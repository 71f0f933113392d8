"""Dead Letter Channel: what does the messaging system do with a message it cannot handle?

In        a readable message that failed for good
Out       a DeadLetter: the original to the byte, the first failure, the route, all attempts
Key       the trade, or the message's id
Guarantee a replay of a dead letter that dies again is counted as such; there is no dead letter of a dead letter
Fails as  Halt, in the engine: where it cannot be written, the input stays uncommitted
"""

from collections.abc import Callable
from typing import Any

from app.domain.errors import Refuse
from app.domain.execution import TradeResult
from app.domain.failure import Attempt, DeadLetter
from app.domain.message import Origin
from app.domain.order import TradeOrder


def dead_letter_channel() -> Callable[..., DeadLetter]:
    """For a message that a route could not handle: (body, envelope, key, value, headers, route, error)."""

    def letter(
        body: Any,
        origin: Origin,
        key: bytes | None,
        value: bytes | None,
        headers: Any,
        route: str,
        error: BaseException,
    ) -> DeadLetter:
        code = error.code if isinstance(error, Refuse) else type(error).__name__
        return DeadLetter(
            f"{origin.message_id}/dead",
            origin.channel,
            origin.partition,
            origin.offset,
            key,
            value or b"",
            tuple(headers),
            origin.correlation_id,
            route,
            code,
            str(error),
            (),
            0,
            origin.event_time,
            getattr(body, "trade_id", ""),
        )

    return letter


def dead_order(
    *, encode: Callable[[object], bytes], headers: Callable[[Origin], list[tuple[str, bytes]]]
) -> Callable[[TradeOrder, Origin, TradeResult, tuple[Attempt, ...]], DeadLetter]:
    """For an order that a venue refused or failed, or that expired: the order as it was received."""

    def letter(order: TradeOrder, origin: Origin, result: TradeResult, attempts: tuple[Attempt, ...]) -> DeadLetter:
        culprit = next((leg for leg in result.legs if leg.report.status in ("refused", "failed")), None)
        return DeadLetter(
            f"{order.trade_id}#{order.attempt}",
            origin.channel,
            origin.partition,
            origin.offset,
            order.account.encode(),
            encode(order),
            tuple(headers(origin)),
            origin.correlation_id,
            "process_manager",
            culprit.report.code if culprit else result.code,
            culprit.report.detail if culprit else result.detail,
            attempts,
            order.attempt - 1,
            result.settled_at,
            order.trade_id,
            culprit.venue if culprit else "",
        )

    return letter
