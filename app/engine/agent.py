"""From a stage to a Faust app with one agent."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from faust.types import TP

from app.broker.connection import faust_broker, faust_credentials
from app.domain.errors import Halt
from app.engine.effect import EffectRuntime
from app.engine.outbox import Outbox
from app.engine.pure import PureRuntime
from app.engine.recovery import Checkpointer
from app.engine.runtime import Runtime
from app.engine.sink import SinkRuntime
from app.engine.stage import Stage
from app.engine.stateful import StatefulRuntime
from app.engine.transport import SCHEME
from app.engine.worker import WorkerApp, group
from app.settings import Settings

_METADATA_MS = 5_000
"""How old a consumer's picture of the cluster may be. A broker that has just come up knows no topics yet; a group that
joins then is assigned nothing, and finds out with the next picture only, for which Faust would ask in five minutes."""

Write = Callable[[Sequence[Any]], Awaitable[None]]


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
    kind: type[StatefulRuntime] = PureRuntime if stage.kind == "pure" else EffectRuntime
    runtime = kind(stage, settings, app, outbox)
    source = stage.consumes[0].topic(settings)
    runtime.checkpoints = Checkpointer(app, table, lambda partition: TP(source, partition), outbox)
    return runtime


def _wire(app: WorkerApp) -> None:
    runtime = app.runtime

    async def revoked(_app: Any, _revoked: Any, **_: Any) -> None:
        runtime.leaving, runtime.assigned = True, False
        await runtime.rest()
        await app.consumer.commit()
        runtime.forget()

    async def assigned(_app: Any, _assigned: Any, **_: Any) -> None:
        runtime.leaving, runtime.assigned = False, True

    app.on_partitions_revoked.connect(revoked, weak=False)
    app.on_partitions_assigned.connect(assigned, weak=False)
    if isinstance(runtime, StatefulRuntime):

        @app.task
        async def _checkpoints() -> None:
            await runtime.checkpoints.run(runtime.checkpoint_s, app.fail)

    @app.task
    async def _beside() -> None:
        try:
            await runtime.run()
        except Exception as error:
            await app.fail(error if isinstance(error, Halt) else Halt(f"stage {runtime.stage.name}: {error!r}"))
