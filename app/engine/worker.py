"""One worker process: the app of each of its stages, how several run together, and how all of it ends."""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from app.domain.errors import CrossbookError
from app.engine.control import ControlBus
from app.engine.logs import mute_repetition
from app.engine.outbox import Outbox
from app.engine.runtime import Runtime
from app.engine.stage import Stage
from app.engine.transport import StageApp
from app.settings import Settings

log = logging.getLogger(__name__)

_MOST_STOP_S = 20.0
"""Longest that a worker may take to come to rest; what it does not reach is worked again by the next."""


class WorkerApp(StageApp):
    """A stage's Faust app that brings its runtime to rest before it stops, and takes its neighbours along."""

    runtime: Runtime
    closing: tuple[Callable[[], Awaitable[None]], ...] = ()
    prepare: Callable[[], Awaitable[None]] | None = None
    """What must be there before the first consumer asks for it: the broker, the channels."""
    exit_code = 0

    async def on_first_start(self) -> None:
        if self.prepare is not None:
            try:
                await self.prepare()
            except CrossbookError as error:  # before anything runs: one line, its exit code, no traceback
                print(f"crossbook: {error}", file=sys.stderr)
                os._exit(error.exit_code)
        self.conf.datadir.parent.mkdir(parents=True, exist_ok=True)
        await super().on_first_start()

    async def on_started(self) -> None:
        # what was imported stays: walking it held everything up for 0.1 s again and again. Higher thresholds were
        # measured and make it worse: fewer collections, of 60 to 80 ms each, because of the records that wait
        gc.collect()
        gc.freeze()
        await super().on_started()
        for neighbour in self.neighbours:
            await self.add_runtime_dependency(neighbour)

    async def on_stop(self) -> None:
        _leave_by(_MOST_STOP_S)
        self.runtime.leaving = True
        await self.runtime.rest()
        await super().on_stop()
        for close in self.closing:
            await close()

    async def fail(self, error: BaseException) -> None:
        """Stops the whole worker with the error; nothing more is committed."""
        self.failed = True
        log.critical("stage %s stops: %s", self.runtime.stage.name, error)
        await self.crash(error)


def _leave_by(seconds: float) -> None:
    """Ends the process after so long whatever hangs: with the broker gone, Faust's consumer threads never end."""
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()


def group(stage: Stage, settings: Settings) -> str:
    """The stage's consumer group; a decide stage on a channel of its own is a group of its own."""
    source = stage.consumes[0].name
    suffix = "" if stage.kind != "pure" or source == "market_data" else f".{source}"
    return f"{settings.namespace}.{stage.name}{suffix}"


def together(
    apps: Sequence[WorkerApp],
    settings: Settings,
    outbox: Outbox,
    control: ControlBus,
    extra: Sequence[Any] = (),
) -> WorkerApp:
    """One worker process for several stages: the first app takes the others along, lists their agents, and owns what
    they share."""
    first = apps[0]
    mute_repetition()
    first.neighbours = tuple(apps[1:])
    first.boot_strategy.enable_web = bool(settings.web_port)
    if settings.parent:

        @first.task
        async def _orphan() -> None:
            while os.getppid() == settings.parent:  # noqa: ASYNC110 - nothing tells us of it
                await asyncio.sleep(1)
            log.warning("process %d, which started this worker, is gone: the worker leaves too", settings.parent)
            _leave_by(5.0)
            os.kill(os.getpid(), signal.SIGTERM)

    control.attach([app.runtime for app in apps], first)
    first.closing = (control.stop, outbox.stop, *extra)

    @first.task
    async def _control() -> None:
        await control.run()

    return first
