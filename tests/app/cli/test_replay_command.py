"""What `crossbook replay` says beside its answer."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.broker


@pytest.fixture
def damaged(crossbook, tmp_path: Path) -> Path:
    """A generated market of which seven lines are cut in two."""
    whole = tmp_path / "whole.jsonl"
    assert crossbook("generate", str(whole), "--seconds", "5", "--rate", "100").code == 0
    lines = whole.read_text().splitlines()
    for number in range(10, 80, 10):
        lines[number - 1] = lines[number - 1][:60]
    path = tmp_path / "damaged.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_invalid_rows_are_said_as_they_are_found_and_counted_at_the_end(crossbook, broker, damaged):
    found = crossbook("replay", str(damaged), "--fee-bps", "5", "--json", broker=broker)

    said = [line for line in found.err.splitlines() if line.startswith("invalid: ")]

    assert found.code == 0, found.err
    assert found.json["invalid"] == 7
    assert [line.split(":")[2] for line in said[:5]] == ["10", "20", "30", "40", "50"]
    assert all("damaged.jsonl" in line for line in said[:5])
    assert "further rows" in said[5]
    assert said[6].startswith("invalid: 7 in all; ")
    assert said[7:] == []
    listing = said[6].split("`")[1].split()[1:]
    assert len(crossbook(*listing, "--json").json) == 7
