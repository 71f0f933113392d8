"""The replays whose answers are known, by the command; their profit to the last digit by somebody else's arithmetic."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.feeds.recording import Recording
from tests.end_to_end import oracle
from tests.end_to_end.conftest import PROJECT
from tests.end_to_end.runs import differences, replayed, settings_of

pytestmark = pytest.mark.broker
LINK = "linkusdt-binance-huobi-l2-1s"
ETHKRW = "ethkrw-bithumb-korbit-bidask-6s"


def crossbook_replay(broker: str, home: Path, path: Path, *flags: str) -> dict[str, Any]:
    """`crossbook replay PATH --json`, as typed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CROSSBOOK_")}
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "app.cli", "replay", str(path), *flags, "--json"],
        env={**environment, "CROSSBOOK_HOME": str(home), "CROSSBOOK_BROKER": broker},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["reconciled"] is True
    assert Path(found["report"]).is_file()
    return found


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("fee_bps", "paying", "near_misses"),
    [
        ("0", {"binance>huobi": 669, "huobi>binance": 670}, {}),
        ("1", {"binance>huobi": 34, "huobi>binance": 60}, {"EDGE_BELOW_FEES": 1245}),
        ("10", {}, {"EDGE_BELOW_FEES": 1339}),
    ],
)
def test_link_is_what_it_is_known_to_be(
    broker: str, home: Path, recordings: Path, fee_bps: str, paying: dict[str, int], near_misses: dict[str, int]
) -> None:
    known = oracle.link(recordings / LINK, fee_bps)

    found = crossbook_replay(broker, home, recordings / LINK, "--fee-bps", fee_bps, "--latency-ms", "0")

    assert (found["updates"], found["joined"], found["invalid"], found["filtered"]) == (14_400, 7_200, 0, {})
    assert found["paying"] == paying == known.paying
    assert found["opportunities"] == known.opened
    assert found["near_misses"] == near_misses
    assert found["orders"] == sum(known.opened.values())
    assert found["outcomes"] == ({"filled": found["orders"]} if found["orders"] else {})
    assert Decimal(found["profit"].get("USDT", "0")) == known.profit
    assert found["profit"].keys() <= {"USDT"}


@pytest.mark.recordings
def test_ethkrw_is_what_it_is_known_to_be(broker: str, home: Path, recordings: Path) -> None:
    known = oracle.ethkrw(recordings / ETHKRW, "10")

    flags = ("--fee-bps", "10", "--size", "1", "--latency-ms", "0", "--trade", "every")
    found = crossbook_replay(broker, home, recordings / ETHKRW, *flags)

    assert found["updates"] == 9_950
    assert found["filtered"] == {"all_zero": 17, "crossed": 1, "locked": 8}
    assert (found["joined"], found["incomplete"]) == (4_949, 26)
    assert found["paying"] == {"bithumb>korbit": 1_294} == known.paying
    assert (found["orders"], found["outcomes"]) == (1_294, {"filled": 1_294})
    assert Decimal(found["profit"]["KRW"]) == known.profit


@pytest.mark.recordings
async def test_the_same_replay_twice_gives_the_same_ledger(broker: str, home: Path, link: Recording) -> None:
    settings = settings_of(broker, home, link, fee_bps="1", latency_ms="1500", depletion=True)

    runs = [await replayed(settings, link) for _ in range(2)]

    assert runs[0].summary["orders"] > 0
    assert await differences(runs[0].run.settings, runs[1].run.settings) == []
