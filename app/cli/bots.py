"""crossbook bots: one bot a market, each a Helm release on a cluster."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from app.bots import deploy as deploying
from app.bots import logs as logging
from app.bots import reap as reaping
from app.bots.bot import Bot, bot, bots, measured
from app.bots.cluster import reached
from app.bots.deploy import Wanted
from app.bots.market import Market, seconds
from app.cli.show import AsJson, as_json, out, say, table
from app.domain.errors import UsageError
from app.settings import load

app = typer.Typer(
    no_args_is_help=True,
    help="Bots on Kubernetes, one a market: deploy, list, logs, stop; an idle one sleeps, and wakes with its market. "
    "The cluster is that of KUBECONFIG.",
)

_Pair = Annotated[str, typer.Argument(metavar="PAIR", help="The market, BASE/QUOTE.", show_default=False)]
_Where = Annotated[
    str, typer.Option("--kube-namespace", "-n", help="Kubernetes' namespace; default: that of the kubeconfig.")
]
_Timeout = Annotated[int, typer.Option(min=1, help="Seconds to wait.")]


@app.command()
def deploy(
    pair: _Pair,
    venues: Annotated[str, typer.Option(help="Venues to trade between, comma separated; each needs a profile.")],
    idle_after: Annotated[str, typer.Option(help="Sleep after so long without a message: 90s, 30m, 2h.")] = "30m",
    values: Annotated[
        Path | None, typer.Option(help="More of the chart's values (YAML): image, secrets, kafka.")
    ] = None,
    scaler: Annotated[
        Wanted, typer.Option(help="What lets it sleep: KEDA, or `bots reap` as a CronJob; auto: KEDA if it is there.")
    ] = "auto",
    chart: Annotated[str, typer.Option(help="The chart; default: helm/ of this folder.")] = "",
    wait: Annotated[bool, typer.Option(help="Until its pod is ready.")] = True,
    timeout: _Timeout = 300,
    kube_namespace: _Where = "",
    json: AsJson = False,
) -> None:
    """Install a bot for one market, or change the one that is there.

    It gets channels of its own, and what the settings say here: the broker, the profiles of CROSSBOOK_VENUES.

    Example: crossbook bots deploy BTC/USDT --venues binance,kraken --idle-after 30m --values bots.yaml
    """
    market, settings = Market.of(pair), load()
    idle_after_s = seconds(idle_after, "--idle-after")
    done = deploying.deploy(
        settings,
        reached(settings, kube_namespace),
        market,
        [name.strip() for name in venues.split(",")],
        idle_after_s=idle_after_s,
        scaler=scaler,
        values=values,
        chart=chart,
        wait=wait,
        timeout_s=timeout,
    )
    if json:
        as_json(msgspec.structs.asdict(done))
        return
    asleep = "KEDA lets it" if done.scaler == "keda" else "a CronJob with `bots reap` lets it"
    for line in (
        f"{done.market}: release {done.release}, revision {done.revision}, in {done.kube_namespace}",
        f"feed it by channel {done.namespace}.market_data; {asleep} sleep when idle for {idle_after}",
    ):
        out.print(line, markup=False, soft_wrap=True)


@app.command("list")
def list_bots(kube_namespace: _Where = "", json: AsJson = False) -> None:
    """List bots: market, venues, replicas, latency, last trade, and since when one that sleeps was idle.

    Example: crossbook bots list --json
    """
    settings = load()
    cluster = reached(settings, kube_namespace)
    found = measured(cluster, bots(cluster))
    if json:
        as_json([_facts(each) for each in found])
    else:
        table([_line(each) for each in found], empty=f"no bots in namespace {cluster.namespace}")


@app.command()
def logs(
    pair: _Pair,
    lines: Annotated[int, typer.Option(min=1, help="The newest so many of each pod.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    kube_namespace: _Where = "",
    json: AsJson = False,
) -> None:
    """Show what a bot's pod says; ends with 3 while it sleeps.

    Example: crossbook bots logs BTC/USDT --lines 20
    """
    if follow and json:
        raise UsageError("--follow never comes to an end of its JSON; give one of them")
    market, settings = Market.of(pair), load()
    cluster = reached(settings, kube_namespace)
    found = bot(cluster, market)
    if follow:
        logging.follow(settings, cluster.namespace, found, lines)
        return
    said = logging.logs(settings, cluster.namespace, found, lines)
    if json:
        as_json([{"pod": pod, "line": line} for pod, line in said])
    else:
        for _, line in said:
            typer.echo(line)


@app.command()
def stop(pair: _Pair, timeout: _Timeout = 120, kube_namespace: _Where = "", json: AsJson = False) -> None:
    """Uninstall a market's bot; its channels and its ledger stay.

    Example: crossbook bots stop BTC/USDT
    """
    market, settings = Market.of(pair), load()
    cluster = reached(settings, kube_namespace)
    deploying.stop(settings, cluster, market, timeout)
    if json:
        as_json({"market": market.pair, "release": market.release, "kube_namespace": cluster.namespace})
    else:
        out.print(f"{market.pair}: release {market.release} is gone from {cluster.namespace}", markup=False)


@app.command()
def reap(
    pair: Annotated[str, typer.Argument(metavar="[PAIR]", help="One market; default: all.", show_default=False)] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    kube_namespace: _Where = "",
    json: AsJson = False,
) -> None:
    """Scale bots to zero whose market is idle for their set time, and wake those whose market moves; once.

    For clusters without KEDA: the chart runs it as a CronJob. A bot that KEDA scales is left alone.

    Example: crossbook bots reap --dry-run
    """
    market, settings = Market.of(pair) if pair else None, load()
    cluster = reached(settings, kube_namespace)
    done = asyncio.run(reaping.reap(settings, cluster, market, dry=dry_run))
    if json:
        as_json([msgspec.structs.asdict(each) for each in done])
        return
    if dry_run:
        say("a dry run: nothing is changed")
    table(
        [
            {"market": each.market, "did": each.did, "waiting": each.lag, "newest message (UTC)": _moment(each.newest)}
            for each in done
        ],
        empty=f"no bots in namespace {cluster.namespace}",
    )


def _facts(found: Bot) -> dict[str, Any]:
    return msgspec.structs.asdict(found) | {"workers": [msgspec.structs.asdict(each) for each in found.workers]}


def _line(found: Bot) -> dict[str, Any]:
    return {
        "market": found.market,
        "venues": ",".join(found.venues),
        "state": found.state,
        "replicas": f"{sum(each.ready for each in found.workers)}/{sum(each.wanted for each in found.workers)}",
        "latency (ms)": None if found.latency_s is None else f"{found.latency_s * 1_000:,.1f}",
        "last trade (UTC)": _moment(found.last_trade),
        "idle since (UTC)": _moment(found.idle_since),
        "sleeps by": found.scaler,
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
