"""Where recordings are found, and how small handmade ones are written."""

import os
from pathlib import Path

import pytest

from app.feeds.two_venue_l2 import COLUMNS
from tests.app.feeds.samples import Write

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The optional folder of recordings. Skips where there is none."""
    folder = Path(os.environ.get("CROSSBOOK_RECORDINGS") or PROJECT.parent / "shared" / "recordings")
    if not folder.is_dir():
        pytest.skip(f"no folder of recordings at {folder}: set CROSSBOOK_RECORDINGS to have one read")
    return folder


@pytest.fixture
def write_l2(tmp_path: Path) -> Write:
    """Writes rows (lists of cells, or bytes as they are) under the ten-level header."""

    def write(
        *rows: list[str] | bytes, name: str = "bnc.csv", columns: list[str] = COLUMNS, end: bytes = b"\n"
    ) -> Path:
        lines = [",".join(columns).encode()]
        lines += [row if isinstance(row, bytes) else ",".join(row).encode() for row in rows]
        path = tmp_path / name
        path.write_bytes(b"\n".join(lines) + end)
        return path

    return write
