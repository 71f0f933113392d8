"""crossbook exporter: lag as metrics, from outside: known also of workers that are down."""

import asyncio
import signal
from typing import Annotated

import typer

from app.broker.connection import client_arguments
from app.cli.options import InRun
from app.cli.show import AsJson, as_json, say
from app.observation import exporter as exporting
from app.operator.chosen import running
from app.operator.reachable import reachable
from app.operator.standing import stages_at
from app.settings import Settings, load


def exporter(
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port of /metrics; 0: a free one.")] = 9465,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    run: InRun = "",
    json: AsJson = False,
) -> None:
    """Serve every stage's lag, status and the dead letters as metrics until Ctrl-C, whoever works or does not.

    --json prints one object once it serves: url, namespace.

    Example: crossbook exporter --port 9465
    """
    settings = running(load(), run).settings
    asyncio.run(_serve(settings.model_copy(update={"metrics_port": port, "metrics_host": host}), json=json))


async def _serve(settings: Settings, *, json: bool) -> None:
    settings = await reachable(settings)
    client_arguments(settings)
    watched = exporting(stages_at(settings), settings)
    await watched.start()
    if json:
        as_json({"url": f"{watched.url}/metrics", "namespace": settings.namespace})
    else:
        say(f"lag of namespace {settings.namespace} at {watched.url}/metrics; Ctrl-C ends it")
    ended = asyncio.Event()
    for stop in (signal.SIGINT, signal.SIGTERM):  # as process 1 of a container it would not hear the second
        asyncio.get_running_loop().add_signal_handler(stop, ended.set)
    await ended.wait()
    await watched.stop()
