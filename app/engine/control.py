"""The control bus at a worker: every worker reads every command, obeys, and answers with its id."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Sequence
from time import time_ns
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError

from app.domain.control import Answer, Drain, Pause, Resume, Tap
from app.domain.errors import Reject
from app.domain.message import Origin
from app.engine.codec import decoder, encode, headers
from app.engine.outbox import Outbox
from app.engine.runtime import Runtime
from app.settings import Settings
from channels.control import CONTROL

log = logging.getLogger(__name__)


def worker_id() -> str:
    """Unique while the process lives: host and pid."""
    return f"{socket.gethostname()}-{os.getpid()}"


class ControlBus:
    """Reads the control channel from its beginning, in no group: a pause said before the start still holds."""

    def __init__(
        self,
        settings: Settings,
        connection: dict[str, Any],
        outbox: Outbox,
        tap: Callable[[float, Outbox], Any],
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._outbox = outbox
        self._make_tap = tap
        self._runtimes: Sequence[Runtime] = ()
        self._app: Any = None
        self._started_at = time_ns()
        self._consumer: AIOKafkaConsumer | None = None
        self._paused: set[str] = set()
        self._heard = False
        """Everything that was said before this worker came."""
        self.served_at = ""
        """Where metrics and health are served; empty: nowhere."""

    def attach(self, runtimes: Sequence[Runtime], app: Any) -> None:
        """Takes charge of the stages: they wait until everything said so far has been heard."""
        self._runtimes = runtimes
        self._app = app
        for runtime in runtimes:
            runtime.gate.clear()
        self._tap(self._settings.tap)

    async def run(self) -> None:
        """Obeys until cancelled; a broker that is away is waited for, a message that is none is set aside."""
        decode = decoder(CONTROL.name, CONTROL.message)
        place = TopicPartition(CONTROL.topic(self._settings), 0)
        consumer, said = await self._listen(place)
        while True:
            if said is not None and await consumer.position(place) >= said:
                said = None
                self._open()
            try:
                record = await consumer.getone()
            except ConsumerStoppedError:
                return
            except KafkaError as error:
                log.warning("control channel: %r; trying again", error)
                await asyncio.sleep(1)
                continue
            try:
                body, origin = decode(record)
            except Reject as error:
                log.warning("control channel: %s", error)
                await self._set_aside(record, error)
                continue
            if not isinstance(body, Answer):
                await self._obey(body, fresh=origin.wall_sent >= self._started_at)

    async def _listen(self, place: TopicPartition) -> tuple[AIOKafkaConsumer, int | None]:
        """A consumer at the beginning of the channel, and the channel's end as of now."""
        while True:
            consumer = AIOKafkaConsumer(**self._connection, auto_offset_reset="earliest", enable_auto_commit=False)
            try:
                await consumer.start()
                consumer.assign([place])
                await consumer.seek_to_beginning()
                said = (await consumer.end_offsets([place]))[place]
            except KafkaError as error:
                log.warning("control channel: %r; trying again", error)
                await consumer.stop()
                await asyncio.sleep(1)
            else:
                self._consumer = consumer
                return consumer, said

    async def stop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    def _open(self) -> None:
        self._heard = True
        for runtime in self._runtimes:
            if runtime.stage.name not in self._paused:
                runtime.gate.set()

    async def _set_aside(self, record: Any, error: Reject) -> None:
        """Every worker does, under one id."""
        for runtime in self._runtimes[:1]:
            await runtime.send([runtime.invalid(record, error)])

    async def _obey(self, command: Any, *, fresh: bool) -> None:
        for runtime in self._runtimes:
            if getattr(command, "stage", "all") not in ("all", runtime.stage.name):
                continue
            if isinstance(command, Pause):
                self._paused.add(runtime.stage.name)
                runtime.gate.clear()
            elif isinstance(command, Resume):
                self._paused.discard(runtime.stage.name)
                if self._heard:
                    runtime.gate.set()
        if isinstance(command, Tap):
            self._tap(command.share)
        if not fresh:
            return  # an old drain or question is not for this worker; an old pause is
        await self._answer(command.command_id)
        mine = [runtime.stage.name for runtime in self._runtimes]
        if isinstance(command, Drain) and command.stage in ("all", *mine):
            log.warning("drain: this worker checkpoints, commits and leaves")
            asyncio.get_running_loop().create_task(self._app.stop())

    async def _answer(self, command_id: str) -> None:
        me = worker_id()
        state = {
            runtime.stage.name: ("paused" if runtime.stage.name in self._paused else "working")
            + "".join(f" {name}={runtime.counts[name]}" for name in sorted(runtime.counts))
            for runtime in self._runtimes
        }
        answer = Answer(command_id, me, state, time_ns(), self.served_at)
        origin = Origin(f"{command_id}/answer/{me}", command_id, command_id, CONTROL.name, 0, 0, 0, ("control_bus",))
        await self._outbox.send(CONTROL.topic(self._settings), f"answer/{me}".encode(), encode(answer), headers(origin))

    def _tap(self, share: float) -> None:
        chosen = self._make_tap(share, self._outbox)
        for runtime in self._runtimes:
            runtime.tap = chosen
