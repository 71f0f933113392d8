"""From a stage to a Faust app with one agent; several stages share one worker process."""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from faust.types import TP

from app.broker.connection import faust_broker, faust_credentials
from app.domain.errors import CrossbookError, Halt
from app.engine.control import ControlBus
from app.engine.effect import CHECKPOINT_S as EFFECT_CHECKPOINT_S
from app.engine.effect import EffectRuntime
from app.engine.logs import mute_repetition
from app.engine.outbox import Outbox
from app.engine.pure import CHECKPOINT_S as PURE_CHECKPOINT_S
from app.engine.pure import PureRuntime
from app.engine.recovery import Checkpointer
from app.engine.runtime import Runtime
from app.engine.sink import SinkRuntime
from app.engine.stage import Stage
from app.engine.transport import SCHEME, StageApp
from app.settings import Settings

log = logging.getLogger(__name__)

_MOST_STOP_S = 20.0
"""Longest that a worker may take to come to rest; what it does not reach is worked again by the next."""

_METADATA_MS = 5_000
"""How old a consumer's picture of the cluster may be. A broker that has just come up knows no topics yet; a group that
joins then is assigned nothing, and finds out with the next picture only, for which Faust would ask in five minutes."""

Write = Callable[[Sequence[Any]], Awaitable[None]]


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


def build(stage: Stage, settings: Settings, outbox: Outbox, write: Write) -> WorkerApp:
    """The app of one stage. `write` takes a sink's rows to where they are kept."""
    app = WorkerApp(
        group(stage, settings),
        broker=faust_broker(settings),
        broker_consumer=faust_broker(settings, SCHEME),
        broker_credentials=faust_credentials(settings),
        autodiscover=False,
        store="memory://",
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        table_standby_replicas=0,
        stream_wait_empty=False,
        stream_buffer_maxsize=32,  # batches, so at most 16,000 records
        broker_commit_interval=0.25,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=2.0,
        broker_rebalance_timeout=6.0,
        broker_request_timeout=20.0,
        producer_request_timeout=20.0,
        producer_linger=0,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=_METADATA_MS,
        consumer_max_fetch_size=1024**2,  # a partition; a record that is larger comes alone
        cython_optimizations=True,
        datadir=str(settings.home / "faust" / group(stage, settings)),
        web_bind="127.0.0.1",
        web_port=settings.web_port or 6066,
        web_tables_enabled=False,
        web_router_enabled=False,
    )
    app.boot_strategy.enable_web = False  # `faust worker` switches `web_enabled` on, for a port that all share
    app.runtime = _runtime(stage, settings, app, outbox, write)
    topic = app.batch_topic([channel.topic(settings) for channel in stage.consumes])

    async def work(stream: Any) -> None:
        try:
            async for batch in stream:
                await app.runtime.take(batch)
        except Exception as error:  # nothing may escape an agent: Faust would commit what failed
            await app.fail(error if isinstance(error, Halt) else Halt(f"stage {stage.name}: {error!r}"))
            raise

    work.__doc__ = stage.patterns
    app.agent(topic, name=stage.name)(work)
    _wire(app)
    return app


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


def _runtime(stage: Stage, settings: Settings, app: WorkerApp, outbox: Outbox, write: Write) -> Runtime:
    if stage.kind == "sink":
        sink = SinkRuntime(stage, settings, app, outbox)
        sink.write = write
        return sink
    table = app.Table(
        stage.table,
        key_type=bytes,  # bytes are kept as they are; without both types the next start would not recover
        value_type=bytes,
        partitions=stage.consumes[0].partitions(settings),
        help=f"What the routes of {stage.name} know, by key, and the offset that it includes.",
    )
    runtime = (PureRuntime if stage.kind == "pure" else EffectRuntime)(stage, settings, app, outbox)
    source = stage.consumes[0].topic(settings)
    runtime.checkpoints = Checkpointer(app, table, lambda partition: TP(source, partition), outbox)
    return cast(Runtime, runtime)


def _wire(app: WorkerApp) -> None:
    runtime = app.runtime

    async def revoked(_app: Any, _revoked: Any, **_: Any) -> None:
        runtime.leaving = True
        await runtime.rest()
        await app.consumer.commit()
        runtime.forget()

    async def assigned(_app: Any, _assigned: Any, **_: Any) -> None:
        runtime.leaving = False

    app.on_partitions_revoked.connect(revoked, weak=False)
    app.on_partitions_assigned.connect(assigned, weak=False)
    if isinstance(runtime, PureRuntime | EffectRuntime):
        every = PURE_CHECKPOINT_S if isinstance(runtime, PureRuntime) else EFFECT_CHECKPOINT_S

        @app.task
        async def _checkpoints() -> None:
            await runtime.checkpoints.run(every, app.fail)

    if isinstance(runtime, EffectRuntime):

        @app.task
        async def _watch() -> None:
            try:
                await runtime.watch()
            except Halt as error:
                await app.fail(error)
