"""crossbook demo: a generated market, traded on paper, from books to report."""

from typing import Annotated

import typer

from app.cli.replay import play
from app.cli.show import AsJson, as_json, out, say
from app.feeds.generator import generated
from app.feeds.synthetic import Market
from app.settings import load
from app.venues.profiles import DEMO


def demo(
    seconds: Annotated[int, typer.Option(min=5, max=600, help="Length of the generated market, event time.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed is the same market, and the same ledger.")] = 1,
    rate: Annotated[int, typer.Option(min=1, max=20_000, help="Book updates a second, all venues together.")] = 800,
    speed: Annotated[float, typer.Option(min=0.1, help="Seconds of event time a second.")] = 1.5,
    json: AsJson = False,
) -> None:
    """Generate a market of four venues, trade it on paper, and write the report. Needs no network.

    One venue fails some orders, so that dead letters occur; the market's dislocations are of known size.

    Example: crossbook demo --seconds 30
    """
    settings = load(
        venues=DEMO,
        depletion=True,
        join="each",
        stages="decide,execute,account",
        max_notional="USDT=5000,BTC=0.08",
        min_edge_bps="8",
        slippage_bps="4",
    )
    market = generated(Market(seed=seed, seconds=seconds, updates_per_second=rate))
    if not json:
        say(f"Playing {seconds} s of a generated market ({rate} updates/s, seed {seed}); Ctrl-C ends it.")
    summary = play(settings, market, mode="demo", speed=speed, timeout_s=60.0, quiet=json)
    if json:
        as_json(summary)
        return
    earned = ", ".join(f"{amount} {asset}" for asset, amount in summary["profit"].items()) or "nothing"
    verdict = "reconciled" if summary["reconciled"] else "NOT RECONCILED: run `crossbook reconcile --run latest`"
    out.print(
        f"{summary['updates']:,} updates, {summary['orders']:,} orders, {summary['fills']:,} fills, "
        f"{summary['dead_letters']:,} dead letters; balances changed by {earned}; {verdict}.",
        markup=False,
    )
    out.print(f"Report: {summary['report']}", markup=False, soft_wrap=True)
