"""crossbook lag: where do messages pile up, how long have they waited, and does it get better?"""

import asyncio
from time import time
from typing import Annotated, Any

import msgspec
import typer
from rich.live import Live

from app.cli.options import InRun
from app.cli.show import AsJson, as_json, drawn, out
from app.domain.lag import Depth, PartitionLag
from app.operator.chosen import running
from app.operator.lagging import Round, rounds
from app.settings import Settings, load


def lag(
    every: Annotated[float, typer.Option("--every", min=0.1, help="Seconds between two looks.")] = 1.0,
    looks: Annotated[int, typer.Option("--looks", min=1, help="Looks before the answer: a word needs two.")] = 3,
    watch: Annotated[bool, typer.Option("--watch", help="Go on looking until Ctrl-C.")] = False,
    run: InRun = "",
    json: AsJson = False,
) -> None:
    """Show each stage's lag in messages and seconds, with Burrow's word, read from the broker's own offsets.

    OK; WARN: it falls behind; STALL: it reads nothing; STOP: it commits nothing; REWIND: it went back. No worker need
    run.

    Example: crossbook lag --watch
    """
    asyncio.run(_look(running(load(), run).settings, every, None if watch else looks, json=json))


async def _look(settings: Settings, every: float, looks: int | None, *, json: bool) -> None:
    last: Round = ([], None)
    if looks is None and not json:
        with Live(console=out, auto_refresh=False) as live:
            async for last in rounds(settings, every):
                live.update(drawn(_rows(*last)), refresh=True)
    async for last in rounds(settings, every, looks):
        if looks is None:
            as_json(_facts(*last))
    if json:
        as_json(_facts(*last))
    else:
        out.print(drawn(_rows(*last)))


def _facts(found: list[PartitionLag], depth: Depth | None) -> Any:
    return {"partitions": msgspec.to_builtins(found), "dead_letters": msgspec.to_builtins(depth)}


def _rows(found: list[PartitionLag], depth: Depth | None) -> list[dict[str, Any]]:
    rows = [
        {
            "stage": lag.stage,
            "channel": lag.channel,
            "partition": lag.partition,
            "messages": f"{lag.messages:,}",
            "seconds": None if lag.seconds is None else f"{lag.seconds:,.1f}",
            "status": lag.word,
        }
        for lag in found
    ]
    if depth is not None:
        since = None if depth.oldest_at is None else f"{time() - depth.oldest_at:,.1f}"
        lying = {"messages": f"{depth.messages:,}", "seconds": since, "status": ""}
        rows.append({"stage": "(kept)", "channel": "dead_letters", "partition": "", **lying})
    return rows
