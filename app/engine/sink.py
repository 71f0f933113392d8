"""A sink stage: routes turn messages into rows, the engine writes them in transactions, then commits.

While one transaction is written, what arrives waits, and goes into the next, all of it: a busy stage pays for few of
them, an idle one waits for none.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, NamedTuple

from faust.types import TP

from app.domain.errors import Halt, Reject
from app.engine.outbox import acknowledged
from app.engine.policy import patient
from app.engine.runtime import DEAD, INVALID, Runtime
from app.engine.step import Out, RouteFailed
from app.engine.transport import Batch

MOST_RECORDS = 4_000
"""Records whose rows wait for the database; the others wait in Kafka."""


class _Taken(NamedTuple):
    """A batch whose rows wait to be written."""

    batch: Batch
    rows: list[Any]
    sent: list["asyncio.Future[Any]"]


class SinkRuntime(Runtime):
    """Rows are keyed naturally, so a batch that comes again changes nothing."""

    write: Callable[[Sequence[Any]], Awaitable[None]]

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self._taken: list[_Taken] = []
        self._records = 0
        """Of all batches that are not written yet."""
        self._news = asyncio.Event()
        self._written = asyncio.Condition()
        self.writing_since: float | None = None
        """Monotonic clock; None: nothing is being written."""

    async def take(self, batch: Batch) -> None:
        await self.gate.wait()
        await self._until_fewer_than(MOST_RECORDS)
        if not self.mine(batch):
            return
        outs: list[Out] = []
        rows: list[Any] = []
        for record in batch.records:
            self._one(record, rows, outs)
        self.took(batch)
        self._taken.append(_Taken(batch, rows, await self.send(outs)))
        self._records += len(batch.records)
        self._news.set()

    async def run(self) -> None:
        """Writes whatever there is, one transaction after the other. Raises Halt when the stage must stop."""
        while True:
            await self._news.wait()
            await self.write_taken()

    async def write_taken(self) -> None:
        """All rows that wait, in one transaction; then their batches may be committed."""
        self._news.clear()
        taken, self._taken = self._taken, []
        rows = [row for each in taken for row in each.rows]
        if rows:
            self.writing_since = monotonic()
            await patient(partial(self.write, rows), "ledger")
            self.writing_since = None
        for batch, _, sent in taken:
            await acknowledged(sent)
            if self.app.current(batch):
                self.app.progress[TP(batch.topic, batch.partition)] = batch.records[-1].offset + 1
        async with self._written:
            self._records -= sum(len(each.batch.records) for each in taken)
            self._written.notify_all()

    async def rest(self) -> None:
        """Waits, but not for long, until all is written; what is not comes again to the next owner."""
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self._until_fewer_than(1)

    async def _until_fewer_than(self, records: int) -> None:
        async with self._written:
            await self._written.wait_for(lambda: self._records < records)

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
        _, probe = self.look(origin) if origin.trace else (origin, None)
        try:
            rows += self._rows(body, origin)
        except Reject as error:
            outs.append(self.invalid(record, error))
        except RouteFailed as error:
            outs.append(self.dead(record, body, origin, error))
        finally:
            if probe is not None:
                probe.done()

    def _rows(self, body: Any, origin: Any) -> list[Any]:
        """Every route sees the message itself; a sink's routes stand side by side."""
        found: list[Any] = []
        for index, step in enumerate(self.stage.steps):
            self.meter.into[index] += 1
            try:
                found += step.handle(body, origin)
            except (Reject, Halt):
                raise
            except Exception as error:
                self.meter.failed[index] += 1
                raise RouteFailed(step.name, error) from error
        return found
