"""An effect stage: what it decides is a function of its input, what it does reaches the world and takes time.

Messages are received in order; the commands that come of them are performed at once and beside each other. What is
under way is part of the state, so that an offset may be committed as soon as the state that includes it is written:
a worker that takes over finds the open commands there and asks the world about them before it acts.
"""

import asyncio
import logging
from contextlib import nullcontext
from time import time_ns
from typing import Any

import msgspec

from app.domain.errors import CrossbookError, Halt, Refuse, Reject, Retry
from app.domain.failure import Attempt
from app.engine.policy import Exhausted, bounded
from app.engine.recovery import PartitionState
from app.engine.stage import Effects, Stage
from app.engine.stateful import StatefulRuntime
from app.engine.step import Out, RouteFailed, through
from app.engine.transport import Batch

log = logging.getLogger(__name__)

MOST_UNDER_WAY = 256
"""Commands at once; further messages wait in Kafka."""


class EffectRuntime(StatefulRuntime):
    checkpoint_s = 0.05

    def __init__(self, stage: Stage, *rest: Any) -> None:
        super().__init__(stage, *rest)
        if stage.effects is None:
            raise Halt(f"stage {stage.name} is an effect stage without effects")
        self.effects: Effects = stage.effects
        self._resume = [step.name for step in stage.steps].index(self.effects.resume)
        self._under_way: dict[asyncio.Task[None], int] = {}
        self.meter.under_way = lambda: len(self._under_way)
        self._failure: BaseException | None = None
        self._redelivered_below: dict[int, int] = {}

    async def take(self, batch: Batch) -> None:
        await self.gate.wait()
        if not self.mine(batch):
            return
        partition = self.checkpoints.partitions.get(batch.partition)
        if partition is None:
            partition = self._open(batch)
        for record in batch.records:
            if not await self._one(batch, partition, record):
                return
        self.took(batch)

    def _open(self, batch: Batch) -> PartitionState:
        partition = self.checkpoints.load(self.stage.steps, batch.partition)
        self._redelivered_below[batch.partition] = batch.highwater
        for key, state in partition.keys.items():
            for command in self.effects.reopen(state.states[self._resume]):
                self._start(partition, key, command, again=True)
        return partition

    async def _one(self, batch: Batch, partition: PartitionState, record: Any) -> bool:
        """Handles one record; False when the partition was taken away meanwhile."""
        try:
            body, origin = self.decode(record)
            key = f"#{record.partition}" if record.key is None else record.key.decode()
            if getattr(body, "account", key) != key:
                raise Reject("key is not the account", field="key", value=key)
        except (Reject, UnicodeDecodeError) as error:
            reject = error if isinstance(error, Reject) else Reject("key is no text", field="key", value=record.key)
            async with self.checkpoints.lock:
                if not self.mine(batch):
                    return False
                partition.read = record.offset
                await partition.told(self.send([self.invalid(record, reject)]))
            return True
        if isinstance(body, self.effects.barrier):
            await self._wait(until=None)
        elif self.effects.virtual_time:
            await self._wait(until=origin.event_time)
        while len(self._under_way) >= MOST_UNDER_WAY:
            await self._wait_one()
        if record.offset < self._redelivered_below[record.partition]:
            origin = msgspec.structs.replace(origin, redelivered=True)
        keys = partition.every_key() if isinstance(body, self.effects.barrier) else [key]
        for one in keys:
            # asked again for each: what was under way may have been left while this waited
            if not self.mine(batch):
                return False
            if origin.offset > partition.of(one).position:
                await self._handle(partition, one, body, origin, 0, record)
        if not self.mine(batch):
            return False
        partition.read = record.offset
        return True

    async def _handle(
        self, partition: PartitionState, key: str, body: Any, origin: Any, first: int, record: Any = None
    ) -> None:
        async with self.checkpoints.lock:
            if self.leaving or self.app.failed:
                return  # the last checkpoint may have been: whoever takes over handles it
            state = partition.of(key)
            outs: list[Out] = []
            commands: list[Any] = []
            try:
                seen, probe = self.look(origin, first)
                outs, commands = through(
                    self.stage.steps, body, seen, state.states, first, meter=self.meter, probe=probe
                )
            except Reject as error:
                outs = [self.invalid(record, error)]
            except RouteFailed as error:
                if record is None:
                    raise Halt(f"{error.route} failed on an answer from the world: {error.cause!r}") from error
                outs = [self.dead(record, body, origin, error)]
            if record is not None:
                state.position = origin.offset
            state.dirty = True
            await partition.told(self.send(outs))
        for command in commands:
            self._start(partition, key, command, again=command.origin.redelivered)

    def _start(self, partition: PartitionState, key: str, command: Any, *, again: bool) -> None:
        task = asyncio.create_task(self._perform(partition, key, command, again))
        self._under_way[task] = command.due
        task.add_done_callback(self._ended)

    async def _perform(self, partition: PartitionState, key: str, command: Any, again: bool) -> None:
        state = partition.of(key).states[-1]
        try:
            answer, attempts = await bounded(lambda told: self._ask(command, state, told), again=again)
            if attempts:
                answer = self.effects.failed(answer, attempts, False)
        except Exhausted as error:
            answer = self.effects.failed(command, error.attempts, True)
        except Refuse as error:
            answer = self.effects.failed(command, (Attempt(1, time_ns(), error.code, error.detail),), True)
        # shielded: a state that has changed without its messages sent must not be left behind
        await asyncio.shield(self._handle(partition, key, answer, command.origin, self._resume))

    async def _ask(self, command: Any, state: Any, again: bool) -> Any:
        """A time-out, and what nobody foresaw, leave the outcome unknown: the world is asked about it."""
        call = nullcontext() if self.tracing is None else self.tracing.call(f"call {_name(command)}", command.origin)
        try:
            with call:
                async with asyncio.timeout(self.effects.timeout_s):
                    return await self.effects.perform(command, state, again)
        except CrossbookError:
            raise
        except TimeoutError:
            raise Retry(f"no answer within {self.effects.timeout_s or 0:g} s; its outcome is not known") from None
        except Exception as error:
            log.exception("%s was not foreseen", type(error).__name__)
            raise Retry(f"unexpected {error!r}") from error

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._under_way.pop(task, None)
        if not task.cancelled() and task.exception() is not None and self._failure is None:
            self._failure = task.exception()

    async def _wait(self, until: int | None) -> None:
        """Until nothing is under way that is due by `until` (event time, ns; None: nothing at all)."""
        while any(until is None or due <= until for due in self._under_way.values()):
            await self._wait_one()
        self._check()

    async def _wait_one(self) -> None:
        self._check()
        if self._under_way:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        self._check()

    def _check(self) -> None:
        if self._failure is not None:
            raise Halt(f"a command failed where nothing may fail: {self._failure!r}") from self._failure

    async def run(self) -> None:
        """Ends with the failure of a command as soon as there is one."""
        while True:
            await asyncio.sleep(0.1)
            self._check()

    async def rest(self) -> None:
        """Commands under way are left; whoever takes over asks the world about them. Then a last checkpoint."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5)
        await super().rest()


def _name(command: Any) -> str:
    """What a trace calls it: its part in the trade, where it has one."""
    return str(getattr(command, "role", type(command).__name__))
