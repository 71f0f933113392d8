"""A rule moves whole pairs to a channel of their own, where the decide stage works them: the ledger is the same."""

import asyncio
from pathlib import Path

import pytest

from app.assembly import channels_of, create_channels, surroundings
from app.broker.connection import client_arguments
from app.broker.offsets import Offsets
from app.engine.reader import MarketDataReader
from app.engine.stage import Stage
from app.feeds.recording import Recording
from app.run.drain import drained
from app.run.feed import play
from app.run.folder import new_run
from app.run.worker_process import WorkerProcess
from app.settings import Settings
from app.storage.difference import Difference
from app.topology import topology
from tests.end_to_end.conftest import DEMO
from tests.end_to_end.runs import differences, replayed, settings_of

pytestmark = pytest.mark.broker
RULES = """
[[rules]]
pair = "BTC/*"
to = "order_books.majors"

[[rules]]
to = "join"
"""


async def test_pairs_that_are_decided_elsewhere_end_in_the_same_ledger(
    broker: str, home: Path, market: Recording
) -> None:
    settings = settings_of(broker, home, market, venues=DEMO)
    whole = await replayed(settings, market)
    rules = home / "rules.toml"
    rules.write_text(RULES)
    run = new_run(settings.model_copy(update={"routing": rules}), "test", market.name)
    majors = run.settings.model_copy(update={"stages": "decide", "decide_source": "order_books.majors"})
    here, there = _stages(run.settings), _stages(majors)
    await create_channels(run.settings, channels_of(surroundings(run.settings, MarketDataReader(run.settings, {}))))
    workers = [
        WorkerProcess(chosen, run.folder / f"worker-{number}.log", print)
        for number, chosen in enumerate((run.settings, majors))
    ]

    try:
        await asyncio.gather(*(worker.start() for worker in workers))
        await play(market, market.name, run.settings, speed=None, progress=lambda _: None)
        async with Offsets(client_arguments(run.settings)) as offsets:
            await drained(offsets, (here[0], there[0], *here[1:]), run.settings, 90)
    finally:
        await asyncio.gather(*(worker.stop() for worker in workers))

    assert await differences(whole.run.settings, run.settings, but=_of_where_it_was_decided) == [
        "tallies router BTC/USDT to:order_books.majors: (no such row) | a row"
    ]


def _stages(settings: Settings) -> tuple[Stage, ...]:
    return topology(surroundings(settings, MarketDataReader(settings, {})))


def _of_where_it_was_decided(found: Difference) -> bool:
    """Ids and places name the channel; two deciders' orders reach the account in no order that is ours to say."""
    told = ("sequence", "message_id", "causation_id", "market_data_partition", "market_data_offset", "where")
    return found.column in told or found.table in ("runs", "messages")
