"""A pure stage: state and outputs are functions of the input alone. Nothing is awaited between a tick and an order."""

from typing import Any

from app.domain.errors import Halt, Reject
from app.engine.recovery import PartitionState
from app.engine.stateful import StatefulRuntime
from app.engine.step import Out, RouteFailed, through
from app.engine.transport import Batch


class PureRuntime(StatefulRuntime):
    """Works a batch record by record in a plain loop, then sends what came of it."""

    checkpoint_s = 0.25

    async def take(self, batch: Batch) -> None:
        await self.gate.wait()
        async with self.checkpoints.lock:
            if not self.mine(batch):
                return
            partition = self.checkpoints.partitions.get(batch.partition)
            if partition is None:
                partition = self.checkpoints.load(self.stage.steps, batch.partition)
            outs: list[Out] = []
            for record in batch.records:
                self._one(partition, record, outs)
            self.took(batch)
            await partition.told(self.send(outs))

    def _one(self, partition: PartitionState, record: Any, outs: list[Out]) -> None:
        partition.read = record.offset
        try:
            body, origin = self.decode(record)
        except Reject as error:
            outs.append(self.invalid(record, error))
            return
        if type(body) in self.stage.marks:
            for key in partition.every_key():
                self._apply(partition, key, record, body, origin, outs)
            return
        try:
            key = record.key.decode()
        except (AttributeError, UnicodeDecodeError):
            outs.append(self.invalid(record, Reject("key is no text", field="key", value=record.key)))
            return
        # a key of ours is what the body is about; anything else would grow state without bound
        if key != body.pair:
            outs.append(self.invalid(record, Reject("key is not the pair", field="key", value=key)))
            return
        self._apply(partition, key, record, body, origin, outs)

    def _apply(self, partition: PartitionState, key: str, record: Any, body: Any, origin: Any, outs: list[Out]) -> None:
        known = key in partition.keys
        state = partition.of(key)
        if origin.offset <= state.position:
            return  # included before the crash that made it come again
        try:
            seen, probe = self.look(origin, mark=type(body) in self.stage.marks)
            sends, left = through(self.stage.steps, body, seen, state.states, meter=self.meter, probe=probe)
            outs += sends
            if left and type(body) not in self.stage.marks:
                raise Halt(f"{type(left[0]).__name__} came out behind the last route of {self.stage.name}")
        except Reject as error:
            outs.append(self.invalid(record, error))
            if not known:
                del partition.keys[key]  # an unknown pair leaves no state behind
                return
        except RouteFailed as error:
            outs.append(self.dead(record, body, origin, error))
        state.position = origin.offset
        state.dirty = True
