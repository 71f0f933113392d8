"""`make bench`: speed and memory on the embedded Kafka; the table on stdout, progress on stderr.

Rounds are interleaved: each measures everything once, so that a ratio compares what ran under the same load.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections import defaultdict
from time import monotonic

from app.engine.codec import market_message
from tests.benchmarks import ground, latency, observed, throughput
from tests.benchmarks.decision import Decisions, decisions
from tests.benchmarks.latency import RATES, Latency
from tests.benchmarks.market import books
from tests.benchmarks.table import Table, at
from tests.benchmarks.throughput import Bench, Speed

THROUGHPUT = (throughput.decide_alone, throughput.all_three, throughput.plain_loop, throughput.quixstreams)
OBSERVED = (observed.unobserved, observed.scraped, observed.traced_1, observed.traced_100)
LATENCY = {"orders": latency.orders, "plain_loop": latency.plain_loop, "quixstreams": latency.quixstreams}


class Found:
    """What the rounds measured, in their order."""

    def __init__(self) -> None:
        self.speed: dict[str, list[Speed]] = defaultdict(list)
        self.latency: dict[tuple[str, int], list[Latency]] = defaultdict(list)
        self.decisions: list[Decisions] = []
        self.peak_mb: list[float] = []


async def measure(rounds: int, updates: int) -> Found:
    found, began, task = Found(), monotonic(), asyncio.current_task()
    if task is not None:  # terminated, it stops what it started, as after Ctrl-C
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)

    def say(line: str) -> None:
        load = os.getloadavg()[0]
        print(f"{monotonic() - began:4.0f} s, load {load:.1f}: {line}", file=sys.stderr, flush=True)

    messages = [market_message(book) for book in books(updates)]
    with ground.broker() as (url, pid, home):
        bench = Bench(url, pid, home, messages)
        await throughput.plain_loop(bench._replace(messages=messages[:20_000]))  # the broker's first run is slow
        for number in range(1, rounds + 1):
            for run in (*THROUGHPUT, *OBSERVED):
                speed = await run(bench)
                found.speed[run.__name__].append(speed)
                say(f"round {number}: {run.__name__} {speed.rate:,.0f} updates/s, {speed.cpu_us:.0f} us each")
            found.decisions.append(await decisions(ground.settings(namespace="bench")))
            for name, run_latency in LATENCY.items():
                by_rate, peak = await run_latency(url, home)
                if name == "orders":
                    found.peak_mb.append(peak)
                for rate, each in by_rate.items():
                    found.latency[name, rate].append(each)
                    p50, count = at(each.sent, 0.5), len(each.sent)
                    say(f"round {number}: {name} at {rate}/s p50 {p50:.1f} ms, {count:,} outputs")
    return found


def tabulate(found: Found) -> Table:
    table = Table()
    plain = [each.rate for each in found.speed["plain_loop"]]
    for name, what, aim in (
        ("decide_alone", "decide stage alone", ""),
        ("all_three", "all three stages, one worker", ">= 20,000"),
        ("plain_loop", "plain aiokafka loop", ""),
        ("quixstreams", "QuixStreams, first hop only", ""),
    ):
        rates = [each.rate for each in found.speed[name]]
        table.add(what, "updates/s", rates, to=plain, aim=aim)
        table.add("  its processor time", "us/update", [each.cpu_us for each in found.speed[name]])
    bare = [each.rate for each in found.speed["unobserved"]]
    for name, what, aim in (
        ("unobserved", "all three, neither metrics nor traces", ""),
        ("scraped", "  metrics, scraped each second", ">= 0.95 x unobserved"),
        ("traced_1", "  traced, 1 %", ""),
        ("traced_100", "  traced, 100 %", ""),
    ):
        table.add(what, "updates/s", [each.rate for each in found.speed[name]], to=bare, aim=aim)
    for rate in RATES:
        for name, what in (("orders", "tick to order"), ("plain_loop", "plain loop"), ("quixstreams", "QuixStreams")):
            for share, label in ((0.5, "p50"), (0.99, "p99")):
                for point in ("sent", "seen"):
                    runs, base = (
                        [at(getattr(each, point), share) for each in found.latency[of, rate]]
                        for of in (name, "plain_loop")
                    )
                    aim = "<= 1.5 x" if name == "orders" and point == "sent" else ""
                    table.add(f"{what}, {rate}/s, {point} {label}", "ms", runs, to=base, aim=aim)
    for which, what in (("ordered", "decision, order"), ("quiet", "decision, none")):
        for share, label in ((0.5, "p50"), (0.99, "p99")):
            runs = [at(getattr(each, which), share) / 1_000 for each in found.decisions]
            table.add(f"{what}, {label}", "us", runs, aim="< 200 us" if label == "p99" else "")
    for what, megabytes in (
        ("peak, prefilled", [each.peak_mb for each in found.speed["all_three"]]),
        ("at the end, prefilled", [each.rss_mb for each in found.speed["all_three"]]),
        ("peak, paced", found.peak_mb),
    ):
        table.add(f"worker's memory, {what}", "MB", megabytes, aim="< 250")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=160_000, help="prefilled, for the throughput")
    chosen = parser.parse_args()
    print(tabulate(asyncio.run(measure(chosen.rounds, chosen.updates))).text())


if __name__ == "__main__":
    main()
