"""Where recordings are found, and how small handmade ones are written."""

from pathlib import Path

import pytest

from app.feeds.two_venue_l2 import COLUMNS
from tests.app.feeds.samples import Write


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
