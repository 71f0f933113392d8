"""The optional recordings, a Crossbook home of a test's own, and one generated market that everything happens to."""

import asyncio
from pathlib import Path

import pytest

from app.feeds.generator import generated
from app.feeds.recording import Recording, open_recording
from app.feeds.synthetic import Market
from tests.end_to_end.runs import Ended, replayed, settings_of

PROJECT = Path(__file__).parents[2]
DEMO = PROJECT / "app" / "venues" / "demo.toml"


@pytest.fixture
def link(recordings: Path) -> Recording:
    """Two hours of LINK/USDT at two venues: 14,400 books, 776 opportunities without fees."""
    return open_recording(recordings / "linkusdt-binance-huobi-l2-1s")


@pytest.fixture(scope="session")
def market() -> Recording:
    """Four venues with fees, latencies, lots, limited funds and one that fails orders (app/venues/demo.toml)."""
    return generated(Market(seconds=40, updates_per_second=500))


@pytest.fixture
def home(kafka_jars: Path, tmp_path: Path) -> Path:
    """A Crossbook home that has the jars already."""
    (tmp_path / "kafka").symlink_to(kafka_jars.parent.parent)
    return tmp_path


@pytest.fixture(scope="session")
def undisturbed(broker: str, kafka_jars: Path, tmp_path_factory: pytest.TempPathFactory, market: Recording) -> Ended:
    """The market with everything, played once with nobody disturbing it: what the disturbed runs are compared with."""
    home = tmp_path_factory.mktemp("undisturbed")
    (home / "kafka").symlink_to(kafka_jars.parent.parent)
    settings = settings_of(broker, home, market, venues=DEMO, depletion=True, unlimited_funds=False)
    return asyncio.run(replayed(settings, market))
