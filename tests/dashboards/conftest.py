"""A Crossbook home of a test's own, and a small market in which everything happens."""

from pathlib import Path

import pytest

from app.feeds.generator import generated
from app.feeds.recording import Recording
from app.feeds.synthetic import Market


@pytest.fixture
def home(kafka_jars: Path, tmp_path: Path) -> Path:
    """A Crossbook home that has the jars already."""
    (tmp_path / "kafka").symlink_to(kafka_jars.parent.parent)
    return tmp_path


@pytest.fixture(scope="session")
def market() -> Recording:
    """Four venues, one of which fails orders (app/venues/demo.toml)."""
    return generated(Market(seconds=30, updates_per_second=400))
