"""crossbook run: paper trading in the foreground: broker, worker and feed together, until Ctrl-C."""

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated

import typer

from app.assembly import channels_of, create_channels, profiles_of, surroundings
from app.broker.connection import client_arguments, wait_for_broker
from app.broker.offsets import Offsets
from app.broker.provide import provided_broker
from app.cli.live import Live
from app.cli.show import AsJson, as_json, say
from app.engine.reader import MarketDataReader
from app.feeds.recording import Recording, open_recording
from app.operator.up import up
from app.run.feed import play
from app.run.folder import Run, run_row
from app.run.invalid_rows import in_all
from app.run.watch import Watch
from app.run.worker_process import WorkerProcess
from app.settings import Settings, load
from app.storage.ledger import Ledger
from app.storage.upsert import upsert
from app.topology import topology


def run(
    feed: Annotated[Path | None, typer.Option(help="A recording to play into market_data.")] = None,
    size: Annotated[str, typer.Option(help="Base amount of a level, where the recording has no sizes.")] = "",
    speed: Annotated[float, typer.Option(min=0.001, help="Seconds of event time a second.")] = 1.0,
    json: AsJson = False,
) -> None:
    """Trade on paper in the foreground, on the settings' own channels and ledger, until Ctrl-C.

    Without --feed, market data is whatever is written to the market_data channel. --json prints one object once the
    worker is up: worker, pid, stages, served_at, broker, namespace, ledger, log.

    Example: crossbook run --feed recordings/linkusdt --speed 10
    """
    recording = open_recording(feed, size=size) if feed is not None else None
    settings = load()
    if recording is not None:
        settings = settings.model_copy(
            update={
                "venue_names": recording.venues,
                "pairs": recording.pairs,
                "join": recording.join,
                "expected_venues": recording.expected_venues if recording.join == "aligned" else (),
            }
        )
    profiles_of(settings)
    # Ctrl-C is how it ends: all is at rest by then, and nothing failed
    with provided_broker(settings, say) as reached, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(reached, recording, speed, json=json))


async def _run(settings: Settings, recording: Recording | None, speed: float, *, json: bool) -> None:
    await wait_for_broker(settings, say=say)
    around = surroundings(settings, MarketDataReader(settings, {}))
    await create_channels(settings, channels_of(around))
    here = Run(settings.namespace, settings.home, settings)
    source = "market_data" if recording is None else recording.name
    resolution = None if recording is None else recording.resolution_ns
    ledger = await Ledger.open(settings.ledger_url)
    await ledger.write([upsert(run_row(settings, around.profiles, settings.namespace, "paper", source, resolution))])
    await ledger.close()
    worker = WorkerProcess(settings, here.log, say)
    await worker.start()
    watching = asyncio.create_task(worker.watch())
    telling = asyncio.create_task(_tell(settings, worker, here)) if json else None
    try:
        async with Offsets(client_arguments(settings)) as offsets:
            watch = Watch(offsets, topology(around), settings)
            feeding = None
            if recording is not None:
                playing = play(recording, recording.name, settings, speed=speed, progress=lambda _: None, say=say)
                feeding = asyncio.create_task(playing)
            with Live(here, quiet=json) as live:
                while not watching.done():
                    live.look(await watch.look())
                    if feeding is not None and feeding.done():
                        if invalid := feeding.result().invalid:
                            live.say(in_all(invalid))
                        feeding = None
                    await asyncio.wait([watching], timeout=1.0)
            await watch.close()
        await watching
    finally:
        watching.cancel()
        if telling is not None:
            telling.cancel()
        await worker.stop()


async def _tell(settings: Settings, worker: WorkerProcess, run: Run) -> None:
    as_json({**await up(settings, lambda: worker.pid), "log": str(run.log)})
