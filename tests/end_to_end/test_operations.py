"""What operators and outages do to a worker: pauses, broken venues, a broker or a ledger that is away."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from app.assembly import stages_of
from app.broker.connection import client_arguments
from app.broker.offsets import Offsets
from app.domain.control import Pause, Resume, Status
from app.engine.worker import group
from app.feeds.generator import generated
from app.feeds.recording import Recording
from app.feeds.synthetic import Market
from app.operator import dead_letters
from app.operator.bus import ask, new_command_id
from app.run.drain import drained
from app.run.feed import play
from app.run.folder import Run, new_run
from app.run.summary import summarise
from app.run.worker_process import environment
from app.settings import Settings
from app.storage import queries
from app.storage.ledger import Ledger
from tests.end_to_end.conftest import PROJECT
from tests.end_to_end.runs import differences, eventually, replayed, settings_of
from tests.end_to_end.wire import working

pytestmark = pytest.mark.broker

SMALL = Market(seed=5, seconds=15, updates_per_second=200, venues=("aurora", "borealis"), pairs=("BTC/USDT",))
HEALTHY = "[venues.aurora]\nfee_bps = 5\n[venues.borealis]\nfee_bps = 5\n"
BROKEN = HEALTHY + "[venues.aurora.faults]\nrefuse = 1\n[venues.borealis.faults]\nrefuse = 1\n"


@pytest.fixture
def small() -> Recording:
    return generated(SMALL)


@pytest.fixture
def settings(broker: str, home: Path, small: Recording) -> Settings:
    (home / "healthy.toml").write_text(HEALTHY)
    (home / "broken.toml").write_text(BROKEN)
    return settings_of(broker, home, small, venues=home / "healthy.toml")


async def test_a_pause_stops_a_stage_survives_a_restart_and_ends_with_resume(
    settings: Settings, small: Recording
) -> None:
    undisturbed = await replayed(settings, small)
    run = new_run(settings, "test", small.name)

    async with working(run) as worker:
        assert await _said(run, Pause(new_command_id(), "decide"))
        await play(small, small.name, run.settings, speed=None, progress=lambda _: None)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
    async with working(run), _offsets(run.settings) as offsets:
        states = await _said(run, Status(new_command_id()))
        assert [state["decide"].split()[0] for state in states] == ["paused"]
        assert [state["execute"].split()[0] for state in states] == ["working"]
        assert not await _decided(offsets, run.settings)
        assert await _said(run, Resume(new_command_id(), "decide"))
        await drained(offsets, stages_of(run.settings), run.settings, 60)

    assert await differences(undisturbed.run.settings, run.settings, but=lambda found: found.table == "runs") == []


async def test_a_broken_order_dies_is_replayed_and_filled(settings: Settings, small: Recording) -> None:
    broken = settings.model_copy(update={"venues": settings.home / "broken.toml"})
    ended = await replayed(broken, small)
    run = Run(ended.run.name, ended.run.folder, ended.run.settings.model_copy(update={"venues": settings.venues}))
    ledger = await Ledger.open(run.settings.ledger_url)

    try:
        letters = await queries.dead_letters(ledger)
        assert len(letters) == ended.summary["orders"] > 0
        assert {letter.code for letter in letters} == {"VENUE_REFUSED"}
        async with working(run), _offsets(run.settings) as offsets:
            sent = await dead_letters.replay(run.settings, ledger, letters[0], letters[0].failed_at)
            await drained(offsets, stages_of(run.settings), run.settings, 60)
        first, second = await queries.trade(ledger, letters[0].trade_id)
        summary = await summarise(ledger)
    finally:
        await ledger.close()

    assert (first.attempt, first.status) == (1, "failed")
    assert (second.attempt, second.status) == (2, "filled")
    assert second.message_id == sent.origin.message_id != first.message_id
    assert sent.origin.correlation_id == letters[0].correlation_id
    assert summary["dead_letters"] == len(letters)
    assert summary["reconciled"]


def test_a_broker_that_is_away_at_start_ends_the_worker_with_5(settings: Settings) -> None:
    away = settings.model_copy(update={"broker": "kafka://127.0.0.1:1", "broker_wait_s": 1.0})

    done = subprocess.run(
        [sys.executable, "-m", "faust", "-A", "app.main", "worker", "-l", "info"],
        env=environment(away),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 5
    assert "waiting up to 1 s for the broker at 127.0.0.1:1" in done.stderr
    assert "no broker answered at 127.0.0.1:1 within 1 s" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_ledger_that_takes_no_writes_keeps_nobody_from_trading(settings: Settings, small: Recording) -> None:
    undisturbed = await replayed(settings, small)
    run = new_run(settings, "test", small.name)
    ledger = await Ledger.open(run.settings.ledger_url)
    await ledger.close()
    decide, execute, account = stages_of(run.settings)

    async with working(run), _offsets(run.settings) as offsets:
        with closing(sqlite3.connect(run.folder / "ledger.db", isolation_level=None)) as somebody:
            somebody.execute("BEGIN EXCLUSIVE")
            await play(small, small.name, run.settings, speed=None, progress=lambda _: None)
            await drained(offsets, [decide, execute], run.settings, 60)
            await eventually(lambda: _waits(run), 30, "the account stage says that it waits")
            assert not (await offsets.committed_offsets(group(account, run.settings)))
            somebody.execute("ROLLBACK")
        await drained(offsets, [decide, execute, account], run.settings, 60)

    assert await differences(undisturbed.run.settings, run.settings, but=lambda found: found.table == "runs") == []


async def _waits(run: Run) -> bool:
    return "nothing is lost" in await asyncio.to_thread(run.log.read_text)


async def _said(run: Run, command: Any) -> list[dict[str, str]]:
    """What each worker answered; the question is repeated until one does, for a worker that is still starting."""

    async def again() -> list[dict[str, str]]:
        return [answer.state for answer in await ask(run.settings, command, 5.0)]

    found: list[dict[str, str]] = await eventually(again, 40, "an answer from the worker")
    return found


@asynccontextmanager
async def _offsets(settings: Settings) -> AsyncIterator[Offsets]:
    async with Offsets(client_arguments(settings)) as offsets:
        yield offsets


async def _decided(offsets: Offsets, settings: Settings) -> int:
    found = await offsets.committed_offsets(group(stages_of(settings)[0], settings))
    return sum(offset for (topic, _), offset in found.items() if topic == f"{settings.namespace}.market_data")
