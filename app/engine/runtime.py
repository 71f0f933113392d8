"""What the three kinds of stage share at run time: decoding, sending, setting aside what cannot be handled."""

import asyncio
from collections import Counter
from collections.abc import Callable
from time import time
from typing import Any

import msgspec

from app.domain.errors import Halt, Reject
from app.domain.message import Origin, Send, child_id
from app.engine.codec import Record, decoder, encode, headers
from app.engine.outbox import Outbox
from app.engine.probe import Tap, WayProbe
from app.engine.stage import Stage
from app.engine.step import Out, RouteFailed
from app.engine.transport import Batch, StageApp
from app.settings import Settings
from app.telemetry.meter import SAMPLED, StageMeter
from app.telemetry.tracing import Tracing
from app.telemetry.trading import TradingMeter

INVALID = "invalid_messages"
DEAD = "dead_letters"


class Gate(asyncio.Event):
    """Open: the stage works. The control bus closes it to pause."""

    def __init__(self) -> None:
        super().__init__()
        self.set()


class Runtime:
    """One stage in one process. Subclasses say what `take` does with a batch."""

    def __init__(self, stage: Stage, settings: Settings, app: StageApp, outbox: Outbox) -> None:
        self.stage = stage
        self.settings = settings
        self.app = app
        self.outbox = outbox
        self.gate = Gate()
        self.leaving = False
        """The partitions are being taken away, or the worker stops: nothing new is begun."""
        self.assigned = False
        self.tap: Callable[[str], Tap | None] = lambda _message_id: None
        self.meter = StageMeter(stage.name, [step.name for step in stage.steps])
        self.meter.paused = lambda: not self.gate.is_set()
        self.trading = TradingMeter()
        self._turn = SAMPLED
        self.tracing: Tracing | None = None
        self.counts: Counter[str] = Counter()
        """in, out, invalid, dead: for the control bus's answers."""
        prefix = f"{settings.namespace}."
        self._decoders = {
            channel.topic(settings): decoder(channel.topic(settings).removeprefix(prefix), channel.message)
            for channel in stage.consumes
        }
        self._prefix = prefix
        self._widths: dict[str, int] = {}

    async def take(self, batch: Batch) -> None:
        """Works one batch. Raises Halt when the stage must stop."""
        raise NotImplementedError

    def look(self, origin: Origin, first: int = 0, *, mark: bool = False) -> tuple[Origin, WayProbe | None]:
        """The envelope to go on with, and what looks at this message on its way: most are not looked at."""
        self._turn -= 1
        tap = self.tap(origin.message_id)
        way = None if self.tracing is None or mark else self.tracing.way(self.stage.name, origin, answer=first > 0)
        if self._turn > 0 and tap is None and way is None:
            return origin, None
        self._turn = self._turn or SAMPLED
        if way is not None:
            origin = way.origin
        return origin, WayProbe(self.meter, origin, first, tap, way)

    def took(self, batch: Batch) -> None:
        """The batch is worked."""
        self.counts["in"] += len(batch.records)
        self.meter.batch(batch.topic.removeprefix(self._prefix), len(batch.records), time())

    def mine(self, batch: Batch) -> bool:
        """Whether this stage may still work the batch. One that has failed may not: Faust starts its agent again with
        the next batch, and what that one decides without the rest of the last is wrong."""
        return not self.leaving and not self.app.failed and self.app.current(batch)

    async def run(self) -> None:
        """What a stage does beside its agent, for as long as it lives. Raises Halt when the stage must stop."""

    async def rest(self) -> None:
        """The partitions are being taken away, or the worker stops: bring what is under way to where it can be left."""

    def forget(self) -> None:
        """The partitions are gone: what is known of them belongs to somebody else."""
        self.app.progress.clear()

    def decode(self, record: Record) -> tuple[Any, Origin]:
        return self._decoders[record.topic](record)

    def invalid(self, record: Record, error: Reject) -> Out:
        """The copy for invalid_messages, under an id that a redelivery gives it again."""
        self.counts["invalid"] += 1
        channel = record.topic.removeprefix(self._prefix)
        self.meter.invalid[channel] += 1
        where = f"{channel}/{record.partition}/{record.offset}"
        body = self.stage.invalid(record.value, error, where)
        origin = Origin(f"{where}/invalid", f"{where}/invalid", where, INVALID, 0, 0, 0, (self.stage.name,))
        return Out(Send(INVALID, where, body), origin)

    def dead(self, record: Record, body: Any, origin: Origin, error: RouteFailed) -> Out:
        """The copy for dead_letters of a readable message that a route could not handle."""
        self.counts["dead"] += 1
        if origin.channel == DEAD:
            raise Halt(f"dead letter {origin.message_id} cannot be handled: {error}; there is no dead letter of one")
        letter = self.stage.dead(body, origin, record.key, record.value, record.headers, error.route, error.cause)
        child = Origin(
            child_id(origin.message_id, error.route, "dead"),
            origin.correlation_id,
            origin.message_id,
            DEAD,
            0,
            0,
            origin.event_time,
            (*origin.history, error.route),
        )
        return Out(Send(DEAD, origin.message_id, letter), child)

    async def send(self, outs: list[Out]) -> list["asyncio.Future[Any]"]:
        """Queues them in order and returns their futures."""
        futures: list[asyncio.Future[Any]] = []
        for out in outs:
            send = out.send
            topic = self._prefix + send.channel
            self.meter.produced[send.channel] += 1
            if send.channel == DEAD:
                self.meter.dead[getattr(send.body, "code", "")] += 1
            self.trading.saw(send.body, out.origin)
            value = encode(send.body)
            exchange_time = getattr(send.body, "exchange_time", None)
            key = send.key.encode()
            if send.every_partition:
                for partition in range(await self._width(topic)):
                    origin = msgspec.structs.replace(out.origin, message_id=f"{out.origin.message_id}:{partition}")
                    futures.append(await self.outbox.send(topic, None, value, headers(origin), partition))
            else:
                found = headers(out.origin, exchange_time=exchange_time)
                futures.append(await self.outbox.send(topic, key or None, value, found, send.partition))
        self.counts["out"] += len(futures)
        return futures

    async def _width(self, topic: str) -> int:
        if topic not in self._widths:
            self._widths[topic] = await self.outbox.partitions(topic)
        return self._widths[topic]
