"""A paused stage: its lag climbs, its word turns, its alerts reach a real Alertmanager; resumed, all three end."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.domain.control import Command, Pause, Resume
from app.feeds.generator import generated
from app.feeds.recording import Recording
from app.feeds.synthetic import Market
from app.operator.bus import ask, new_command_id
from app.run.feed import play
from app.run.folder import Run, new_run
from tests.dashboards.servers import Alertmanager, Prometheus, alertmanager, free_port, program, prometheus
from tests.dashboards.test_alerts import ALERTS
from tests.end_to_end.conftest import DEMO
from tests.end_to_end.runs import eventually, settings_of
from tests.end_to_end.wire import working

pytestmark = pytest.mark.broker

OF = '{stage="decide", channel="market_data"}'
EXPECTED = {"CrossbookStagePaused": 10, "CrossbookLagHigh": 45, "CrossbookPartitionStuck": 60}
"""Alert -> seconds within which it fires: the lag passes 30 s; the word turns after ten looks, one in five seconds."""


@pytest.fixture
def small() -> Recording:
    return generated(Market(seconds=10, updates_per_second=200))


async def test_pausing_a_stage_makes_its_lag_climb_its_word_turn_and_its_alerts_fire_and_resuming_ends_all_three(
    broker: str, home: Path, small: Recording, tmp_path: Path
) -> None:
    for name in ("prometheus", "prometheus-alertmanager"):
        program(name, name)
    port = free_port()
    settings = settings_of(broker, home, small, venues=DEMO, partitions=1, metrics_port=port)
    run = new_run(settings, "test", small.name)
    lags: list[float] = []

    with (
        alertmanager(tmp_path) as told,
        prometheus(tmp_path, port, rules=_impatient(tmp_path), alertmanager=told.url) as asked,
    ):
        async with working(run):
            await _said(run, Pause(new_command_id(), "decide"))
            assert await _words(asked) <= {"OK"}
            await play(small, small.name, run.settings, speed=None, progress=lambda _: None)
            for name, within_s in EXPECTED.items():
                await eventually(lambda name=name: _fires(asked, told, name, lags), within_s, name)  # type: ignore[misc]
            assert await _words(asked) <= {"STALL", "STOP"}
            assert lags == sorted(lags)
            assert lags[-1] - lags[0] > 20

            await _said(run, Resume(new_command_id(), "decide"))
            await eventually(lambda: _calm(asked, told), 30, "no lag, no word but OK, no alert")


def _impatient(folder: Path) -> Path:
    """The rules as they are, but without the patience that spares people at night."""
    rules = yaml.safe_load(ALERTS.read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule["for"] = "1s"
    file = folder / "alerts.yaml"
    file.write_text(yaml.safe_dump(rules))
    return file


async def _said(run: Run, command: Command) -> None:
    """Until a worker has answered: one that is still starting does not."""

    async def again() -> list[Any]:
        return await ask(run.settings, command, 5.0)

    await eventually(again, 40, "an answer from the worker")


async def _fires(asked: Prometheus, told: Alertmanager, name: str, lags: list[float]) -> bool:
    """Whether the alert has come to the Alertmanager; writes down the lag meanwhile."""
    for sample in await asyncio.to_thread(asked.query, f"crossbook_channel_lag_seconds{OF} > 0"):
        lags.append(sample.value)
    alerts = await asyncio.to_thread(told.alerts, name)
    return {alert["labels"]["stage"] for alert in alerts} == {"decide"}


async def _calm(asked: Prometheus, told: Alertmanager) -> bool:
    lag = await asyncio.to_thread(asked.query, f"crossbook_channel_lag_seconds{OF}")
    alerts = [alert for name in EXPECTED for alert in await asyncio.to_thread(told.alerts, name)]
    firing = await asyncio.to_thread(asked.firing)
    quiet = not alerts and not firing & EXPECTED.keys()
    return quiet and {sample.value for sample in lag} == {0.0} and await _words(asked) == {"OK"}


async def _words(asked: Prometheus) -> set[str]:
    """The words that hold for the stage now."""
    found = await asyncio.to_thread(asked.query, f"crossbook_channel_status{OF} == 1")
    return {sample.labels["status"] for sample in found}
