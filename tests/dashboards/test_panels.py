"""Every query of every panel, asked of a real Prometheus that scrapes a real worker during a replay."""

import asyncio
import json
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from app.domain.market_data import Book
from app.feeds.recording import Recording
from app.feeds.source import Item
from app.run.feed import play
from app.run.folder import new_run
from tests.dashboards.servers import Prometheus, Sample, free_port, program, prometheus
from tests.end_to_end.conftest import DEMO
from tests.end_to_end.runs import settings_of
from tests.end_to_end.wire import producing, working

pytestmark = pytest.mark.broker

BUILT = Path(__file__).parents[2] / "dashboards" / "built"
WITHIN_S = 60
GRAFANA = {"$job": ".*", "$__rate_interval": "10s", "$__range": "2m"}
"""What Grafana puts in the place of its variables, for scrapes of a second."""
NOBODY = "http://127.0.0.1:9/v1/traces"
"""No collector listens there: spans are dropped, and counted."""
TOLD = ("stage", "route", "channel", "venue", "pair", "code", "status", "currency", "market", "check", "le")


class Query(NamedTuple):
    dashboard: str
    panel: str
    expression: str


@cache
def queries() -> tuple[Query, ...]:
    found = []
    for file in sorted(BUILT.glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", ()):
                expression = target["expr"]
                for name, value in GRAFANA.items():
                    expression = expression.replace(name, value)
                found.append(Query(file.stem, panel["title"], expression))
    return tuple(found)


async def test_every_panel_shows_data_during_a_replay(
    broker: str, home: Path, market: Recording, tmp_path: Path
) -> None:
    program("prometheus", "prometheus")
    port = free_port()
    settings = settings_of(
        broker,
        home,
        market,
        venues=DEMO,
        unlimited_funds=False,
        depletion=True,
        metrics_port=port,
        bot="BTC/USDT",
        otlp_endpoint=NOBODY,
        trace_share=0.1,
    )
    run = new_run(settings, "test", market.name)
    answers: dict[Query, list[Sample]] = {}

    with prometheus(tmp_path, port) as asked:
        async with working(run), producing(run.settings) as somebody:
            books = _with_crossed(market)
            feed = asyncio.create_task(play(books, market.name, run.settings, speed=1, progress=lambda _: None))
            deadline = time.monotonic() + WITHIN_S
            while not feed.done() or (len(answers) < len(queries()) and time.monotonic() < deadline):
                await somebody.send_and_wait(f"{run.settings.namespace}.market_data", b"no book", key=b"BTC/USDT")
                await asyncio.to_thread(_ask, asked, answers)
                await asyncio.sleep(1)
            await feed

    table = _table(answers)
    (tmp_path / "queries.txt").write_text(table)
    print(f"\n{table}")
    assert not (missing := set(queries()) - answers.keys()), f"no data within {WITHIN_S} s: {missing}\n{table}"


def _with_crossed(market: Recording) -> Iterator[Item]:
    """A generated market has no broken books; every hundredth is crossed here."""
    for number, item in enumerate(market):
        broken = number % 100 == 99 and isinstance(item, Book)
        yield replace(item, bids=item.asks[:1], asks=item.bids[:1]) if broken else item


def _ask(asked: Prometheus, answers: dict[Query, list[Sample]]) -> None:
    """Keeps what each query answered last."""
    for query in queries():
        if found := asked.query(query.expression):
            answers[query] = found


def _table(answers: dict[Query, list[Sample]]) -> str:
    """One line a query: where it stands, how many series it returned, and the largest of them."""
    lines = [f"{'dashboard':<13}{'panel':<58}{'query':>5}{'series':>7}  largest"]
    for number, query in enumerate(queries(), 1):
        samples = sorted(answers.get(query, ()), key=lambda sample: sample.value)
        labels = [f"{name}={value}" for name, value in samples[-1].labels.items() if name in TOLD] if samples else []
        shown = f"{samples[-1].value:.6g} {' '.join(labels)}" if samples else "NOTHING"
        lines.append(f"{query.dashboard:<13}{query.panel:<58}{number:>5}{len(samples):>7}  {shown}".rstrip())
    return "\n".join(lines)
