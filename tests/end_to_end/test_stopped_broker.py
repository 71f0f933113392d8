"""The broker away under load, longer than any time-out: nothing is lost, nothing is told twice."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.broker.embedded import EmbeddedBroker
from app.feeds.recording import Recording
from app.run.folder import Run
from app.settings import Settings
from tests.end_to_end.conftest import DEMO
from tests.end_to_end.runs import Ended, Moment, differences, outcomes, replayed, settings_of, updates

pytestmark = pytest.mark.broker

LONGER_S = 8.0
"""Than the producer's time-out of a second, and than the groups' session time-out of six."""


@pytest.fixture
def own_broker(home: Path) -> Iterator[EmbeddedBroker]:
    """A broker that may be stopped without anybody else noticing."""
    with EmbeddedBroker(home / "broker", jars_home=home) as running:
        yield running
        if running.pid is not None:
            os.kill(running.pid, signal.SIGCONT)


@pytest.fixture
def settings(own_broker: EmbeddedBroker, home: Path, market: Recording) -> Settings:
    state = own_broker.state()
    assert state is not None
    return settings_of(
        state.url, home, market, venues=DEMO, depletion=True, unlimited_funds=False, send_timeout_ms=1000
    )


async def test_a_broker_that_stands_still_loses_nothing(
    own_broker: EmbeddedBroker, settings: Settings, market: Recording, undisturbed: Ended
) -> None:
    pid = own_broker.pid
    assert pid is not None

    def stand_still(_: Run) -> bool:
        os.kill(pid, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(LONGER_S, os.kill, pid, signal.SIGCONT)
        return True

    stopped = await replayed(settings, market, disturbed=[(updates(8000), stand_still)], speed=4)

    assert stopped.summary["seconds"] > 10 + LONGER_S  # the feed alone takes ten
    assert await differences(undisturbed.run.settings, stopped.run.settings) == []


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(updates(1), id="while stages still join their groups"),
        pytest.param(outcomes(20), id="while all of them work"),
    ],
)
async def test_a_broker_that_dies_and_comes_back_loses_nothing(
    own_broker: EmbeddedBroker, settings: Settings, market: Recording, undisturbed: Ended, moment: Moment
) -> None:
    pid = own_broker.pid
    assert pid is not None
    coming_back: list[asyncio.Future[str]] = []

    def die_and_come_back(_: Run) -> bool:
        os.kill(pid, signal.SIGKILL)
        coming_back.append(asyncio.get_running_loop().run_in_executor(None, own_broker.start))
        return True

    disturbed = await replayed(settings, market, disturbed=[(moment, die_and_come_back)], speed=4)

    assert await coming_back[0] == settings.broker
    assert await differences(undisturbed.run.settings, disturbed.run.settings) == []
