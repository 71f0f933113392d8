"""kill -9 of the worker in mid-replay: the ledger is that of a run in which nothing happened."""

from pathlib import Path

import pytest

from app.feeds.recording import Recording
from tests.end_to_end.conftest import DEMO
from tests.end_to_end.runs import Ended, Killer, any_time, differences, outcomes, replayed, settings_of, updates

pytestmark = pytest.mark.broker


@pytest.mark.recordings
async def test_a_replay_whose_worker_is_killed_tells_the_same(broker: str, home: Path, link: Recording) -> None:
    settings = settings_of(broker, home, link, fee_bps="0", latency_ms="0")
    undisturbed = await replayed(settings, link)
    kill = Killer()

    early_middle_late = [(updates(1), kill), (outcomes(200), kill), (outcomes(700), kill)]
    killed = await replayed(settings, link, disturbed=early_middle_late, speed=2000)

    assert killed.summary["restarts"] == 3
    assert len(killed.said) == 3
    assert undisturbed.summary["opportunities"] == {"binance>huobi": 391, "huobi>binance": 385}
    assert await differences(undisturbed.run.settings, killed.run.settings) == []


async def test_a_market_with_everything_survives_kills(
    broker: str, home: Path, market: Recording, undisturbed: Ended
) -> None:
    settings = settings_of(broker, home, market, venues=DEMO, depletion=True, unlimited_funds=False)
    kill = Killer()

    twice_in_a_row_and_later = [(updates(3000), kill), (any_time, kill), (outcomes(250), kill)]
    killed = await replayed(settings, market, disturbed=twice_in_a_row_and_later, speed=8)

    assert killed.summary["restarts"] == 3
    assert {"filled", "repaired"} <= undisturbed.summary["outcomes"].keys()
    assert undisturbed.summary["dead_letters"] > 0
    assert undisturbed.summary["reconciled"]
    assert await differences(undisturbed.run.settings, killed.run.settings) == []
