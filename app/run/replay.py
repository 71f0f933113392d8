"""A run from its feed to its report: what `replay` and `demo` share."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from app.assembly import channels_of, create_channels, surroundings
from app.broker.connection import client_arguments, wait_for_broker
from app.broker.offsets import Offsets
from app.broker.topics import delete_topics
from app.engine.reader import MarketDataReader
from app.feeds.source import Item
from app.run import folder
from app.run.drain import drained
from app.run.feed import play
from app.run.folder import Run, run_row
from app.run.invalid_rows import in_all
from app.run.report import write_report
from app.run.summary import summarise
from app.run.watch import Glance, Watch
from app.run.worker_process import WorkerProcess
from app.storage.ledger import Ledger
from app.storage.upsert import upsert
from app.topology import topology


@dataclass(frozen=True, slots=True)
class Plan:
    """What is replayed, and how."""

    run: Run
    items: Iterable[Item]
    source: str
    mode: str
    resolution_ns: int | None
    speed: float | None
    timeout_s: float
    say: Callable[[str], None]
    look: Callable[[Glance], None] = lambda _: None
    look_every_s: float = 0.5


async def replay(plan: Plan) -> dict[str, Any]:
    """Plays the plan through worker and ledger; returns the summary, with `run`, `seconds` and `report`.

    Raises TimedOut when the run does not come to its end, Halt when the worker keeps dying.
    """
    run, settings = plan.run, plan.run.settings
    started = monotonic()
    try:
        await wait_for_broker(settings, say=plan.say)
        around = surroundings(settings, MarketDataReader(settings, {}))
        stages = topology(around)
        await create_channels(settings, channels_of(around))
        ledger = await Ledger.open(settings.ledger_url)
    except BaseException:
        folder.remove(run.folder)  # a run that never began is none
        raise
    worker = WorkerProcess(settings, run.log, plan.say)
    try:
        await ledger.write(
            [upsert(run_row(settings, around.profiles, run.name, plan.mode, plan.source, plan.resolution_ns))]
        )
        await worker.start()
        async with Offsets(client_arguments(settings)) as offsets:
            watch = Watch(offsets, stages, settings)
            looking = asyncio.create_task(_look(watch, plan))
            try:
                await _either(worker.watch(), _through(plan, offsets, stages))
            finally:
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)
            plan.look(await watch.look(last=True))
            await watch.close()
        summary = await summarise(ledger)
    finally:
        await worker.stop()
        await ledger.close()
    if summary["invalid"]:
        plan.say(in_all(summary["invalid"], run.name))
    report = await write_report(settings.ledger_url, run.folder.resolve(), None)
    await purge(settings)
    seconds = round(monotonic() - started, 3)
    return {"run": run.name, **summary, "seconds": seconds, "restarts": worker.restarts, "report": str(report)}


async def purge(settings: Any, keep: int | None = None) -> list[str]:
    """Forgets all but the latest runs, their channels included; returns their names."""
    gone = folder.purge(settings, settings.runs_kept if keep is None else keep)
    for run in gone:
        if run.get("namespace"):
            await delete_topics(client_arguments(settings), f"{run['namespace']}.")
    return [run["name"] for run in gone]


async def _through(plan: Plan, offsets: Offsets, stages: Any) -> None:
    settings = plan.run.settings
    await play(plan.items, plan.source, settings, speed=plan.speed, progress=lambda _: None, say=plan.say)
    await drained(offsets, stages, settings, plan.timeout_s)


async def _either(watching: Any, work: Any) -> None:
    """Runs `work` to its end; a failure of `watching` ends it early."""
    tasks = [asyncio.create_task(watching), asyncio.create_task(work)]
    try:
        while not tasks[1].done():
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done():
                await tasks[0]
                break
        await tasks[1]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _look(watch: Watch, plan: Plan) -> None:
    while True:
        with contextlib.suppress(OSError):
            plan.look(await watch.look())
        await asyncio.sleep(plan.look_every_s)
