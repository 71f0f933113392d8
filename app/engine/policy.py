"""What happens when something fails: once, here, for every stage.

May heal (Retry): again, bounded, exponential back-off with full jitter. Cannot heal: to the dead letters at once.
No message of ours (Reject): to the invalid messages. An invariant broke, or a failure cannot even be recorded (Halt):
the stage stops and its input stays uncommitted.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from time import monotonic, time_ns
from typing import TypeVar

from app.domain.errors import Retry
from app.domain.failure import Attempt

log = logging.getLogger(__name__)
T = TypeVar("T")

ATTEMPTS = 5
_FIRST_S = 0.05
_LONGEST_S = 5.0


def back_off(attempt: int, *, first: float = _FIRST_S, longest: float = _LONGEST_S) -> float:
    """Seconds to wait after the `attempt`-th failure (from 1): full jitter under an exponential ceiling.

    After Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    return random.uniform(0, min(longest, first * 2 ** min(attempt - 1, 20)))  # noqa: S311 - jitter, no secret


class Exhausted(Exception):
    """All attempts failed; `attempts` says how."""

    def __init__(self, attempts: tuple[Attempt, ...]) -> None:
        super().__init__(attempts[-1].detail)
        self.attempts = attempts


async def bounded(call: Callable[[bool], Awaitable[T]], *, again: bool) -> tuple[T, tuple[Attempt, ...]]:
    """Calls until it succeeds, at most ATTEMPTS times while Retry is raised.

    `call` is told whether it may have been made before (`again` at first, then always). Returns its answer and the
    failed attempts; raises Exhausted after the last.
    """
    attempts: list[Attempt] = []
    while True:
        try:
            return await call(again or bool(attempts)), tuple(attempts)
        except Retry as error:
            attempts.append(Attempt(len(attempts) + 1, time_ns(), type(error).__name__, str(error)))
            if len(attempts) == ATTEMPTS:
                raise Exhausted(tuple(attempts)) from error
            await asyncio.sleep(back_off(len(attempts)))


async def patient(call: Callable[[], Awaitable[T]], what: str) -> T:
    """Calls until it succeeds, however long it takes: for a sink, whose input waits in Kafka meanwhile.

    Says so at once, then at doubling intervals, and when it is over.
    """
    failures = 0
    started = monotonic()
    say_at = 0.0
    while True:
        try:
            answer = await call()
        except Retry as error:
            failures += 1
            waited = monotonic() - started
            if waited >= say_at:
                log.warning("%s: %s; waiting since %.0f s, nothing is lost", what, error, waited)
                say_at = max(1.0, waited * 2)
            await asyncio.sleep(back_off(failures, first=0.1))
        else:
            if failures:
                log.warning("%s: works again after %.1f s", what, monotonic() - started)
            return answer
