"""Where it is measured: an embedded broker of its own in a temporary home, a namespace a run."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from app.assembly import channels_of, create_channels, surroundings
from app.broker.connection import client_arguments
from app.broker.embedded import EmbeddedBroker
from app.broker.topics import TopicSpec, create_topics, delete_topics
from app.engine.reader import MarketDataReader
from app.settings import Settings
from app.venues.profiles import DEMO

PROJECT = Path(__file__).parents[2]
PARTITIONS = 4
HOP = "hop"
"""Name, behind the namespace, of the topic that the loops beside us write to."""


def settings(**changes: Any) -> Settings:
    """The demo's venues and limits; paper trading without latency and without end of funds."""
    return Settings(
        venues=DEMO,
        latency_ms="0",
        unlimited_funds=True,
        depletion=True,
        max_notional="USDT=5000,BTC=0.08",
        min_edge_bps="8",
        slippage_bps="4",
        partitions=PARTITIONS,
        **changes,
    )


@contextmanager
def broker() -> Iterator[tuple[str, int, Path]]:
    """(url, process id, home) of a broker that is gone afterwards; Kafka's jars are the project's."""
    with (
        TemporaryDirectory(prefix="crossbook-bench-") as home,
        EmbeddedBroker(Path(home) / "broker", jars_home=PROJECT / ".crossbook") as running,
    ):
        state = running.state()
        if state is None:
            raise RuntimeError(f"the broker went away at once; its log is {running.log}")
        yield state.url, state.pid, Path(home)


@asynccontextmanager
async def run(url: str, home: Path, **changes: Any) -> AsyncIterator[Settings]:
    """Settings of one run, all its channels made; they and their data are gone afterwards."""
    name = f"b{uuid4().hex[:8]}"
    own = home / name
    own.mkdir()
    chosen = settings(broker=url, namespace=name, home=own, **changes)
    await create_channels(chosen, channels_of(surroundings(chosen, MarketDataReader(chosen, {}))))
    await create_topics(client_arguments(chosen), [TopicSpec(f"{name}.{HOP}", PARTITIONS)])
    try:
        yield chosen
    finally:
        await delete_topics(client_arguments(chosen), f"{name}.")
