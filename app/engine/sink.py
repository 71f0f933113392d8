"""A sink stage: routes turn messages into rows, the engine writes each batch in one transaction, then commits."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from faust.types import TP

from app.domain.errors import Halt, Reject
from app.engine.outbox import acknowledged
from app.engine.policy import patient
from app.engine.runtime import DEAD, INVALID, Runtime
from app.engine.step import Out, RouteFailed
from app.engine.transport import Batch


class SinkRuntime(Runtime):
    """Rows are keyed naturally, so a batch that comes again changes nothing."""

    write: Callable[[Sequence[Any]], Awaitable[None]]

    async def take(self, batch: Batch) -> None:
        await self.gate.wait()
        if not self.mine(batch):
            return
        outs: list[Out] = []
        rows: list[Any] = []
        for record in batch.records:
            self._one(record, rows, outs)
        self.counts["in"] += len(batch.records)
        sent = await self.send(outs)
        if rows:
            await patient(lambda: self.write(rows), "ledger")
        await acknowledged(sent)
        if self.app.current(batch):
            self.app.progress[TP(batch.topic, batch.partition)] = batch.records[-1].offset + 1

    def _one(self, record: Any, rows: list[Any], outs: list[Out]) -> None:
        try:
            body, origin = self.decode(record)
        except Reject as error:
            out = self.invalid(record, error)
            if record.topic.endswith((f".{INVALID}", f".{DEAD}")):
                rows += self._rows(out.send.body, out.origin)  # stored raw and sent nowhere: it must not go round
            else:
                outs.append(out)
            return
        try:
            rows += self._rows(body, origin)
        except Reject as error:
            outs.append(self.invalid(record, error))
        except RouteFailed as error:
            outs.append(self.dead(record, body, origin, error))

    def _rows(self, body: Any, origin: Any) -> list[Any]:
        """Every route sees the message itself; a sink's routes stand side by side."""
        found: list[Any] = []
        for step in self.stage.steps:
            try:
                found += step.handle(body, origin)
            except (Reject, Halt):
                raise
            except Exception as error:
                raise RouteFailed(step.name, error) from error
        return found
