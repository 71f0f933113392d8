"""What may heal is tried again, so often and no more, at growing and jittered distances; a sink has all the time."""

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Halt, Refuse, Retry
from app.engine import policy
from app.engine.policy import ATTEMPTS, Exhausted, back_off, bounded, patient


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Keeps what would be waited instead."""
    waits: list[float] = []
    monkeypatch.setattr(policy, "back_off", lambda attempt, **_: waits.append(attempt) or 0.0)
    return waits


class Fails:
    """A call that fails some times, then answers whether it was told that it had been made before."""

    def __init__(self, times: int, error: Exception) -> None:
        self.told: list[bool] = []
        self._left = times
        self._error = error

    async def __call__(self, again: bool = False) -> str:
        self.told.append(again)
        if self._left:
            self._left -= 1
            raise self._error
        return "done"


async def test_what_heals_is_answered_with_the_attempts_that_failed(no_waiting: list[float]) -> None:
    call = Fails(2, Retry("away"))

    answer, attempts = await bounded(call, again=False)

    assert answer == "done"
    assert [(one.number, one.code, one.detail) for one in attempts] == [(1, "Retry", "away"), (2, "Retry", "away")]
    assert call.told == [False, True, True]
    assert no_waiting == [1, 2]


async def test_what_does_not_heal_ends_after_the_last_attempt(no_waiting: list[float]) -> None:
    call = Fails(99, Retry("away"))

    with pytest.raises(Exhausted) as caught:
        await bounded(call, again=True)

    assert len(call.told) == ATTEMPTS == len(caught.value.attempts)
    assert all(call.told)
    assert len(no_waiting) == ATTEMPTS - 1


@pytest.mark.parametrize("error", [Refuse("NO", "never"), Halt("broken"), ValueError("unforeseen")])
async def test_nothing_else_is_tried_again(error: Exception) -> None:
    call = Fails(1, error)

    with pytest.raises(type(error)):
        await bounded(call, again=False)

    assert len(call.told) == 1


async def test_a_sink_waits_as_long_as_it_takes_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    call = Fails(50, Retry("disk full"))

    with caplog.at_level(logging.WARNING):
        assert await patient(call, "ledger") == "done"

    assert len(call.told) == 51
    said = [record.getMessage() for record in caplog.records]
    assert "ledger: disk full" in said[0]
    assert "works again" in said[-1]
    assert len(said) < 5


async def test_a_sink_does_not_wait_for_what_will_not_heal() -> None:
    with pytest.raises(Halt):
        await patient(Fails(1, Halt("no such table")), "ledger")
    with pytest.raises(asyncio.CancelledError):
        await patient(Fails(1, asyncio.CancelledError()), "ledger")  # type: ignore[arg-type]


@given(attempt=st.integers(1, 10_000), first=st.floats(0.001, 1), longest=st.floats(1, 60))
def test_the_wait_lies_between_nothing_and_an_exponential_ceiling(attempt: int, first: float, longest: float) -> None:
    waited = back_off(attempt, first=first, longest=longest)

    assert 0 <= waited <= min(longest, first * 2 ** min(attempt - 1, 64))


def test_the_wait_is_jittered() -> None:
    assert len({back_off(5) for _ in range(20)}) > 10
