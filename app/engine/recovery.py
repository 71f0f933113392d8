"""The one recovery mechanism: input position -> deterministic ids -> acknowledged outputs -> state that carries the
position it includes -> commit.

Working state lives decoded in memory. A checkpoint takes a snapshot of what changed, waits until the broker has every
message that was sent so far, writes the snapshot to the table's changelog, waits for that too, and only then lets the
input's offset be committed. After a crash, state is what the last checkpoint wrote; input at or below its position is
skipped, input above it is worked again and sends the same messages under the same ids.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec

from app.domain.errors import Halt
from app.engine.outbox import Outbox, acknowledged
from app.engine.step import Step
from app.engine.transport import StageApp

_PIECE = "\0"
"""Between key, route and name of a piece, in the names of the table's entries."""

_encoder = msgspec.msgpack.Encoder(decimal_format="string")


class _Stored(msgspec.Struct):
    position: int
    states: dict[str, msgspec.Raw]


class KeyState:
    """What the routes know of one key, and the offset of the last input that it includes (-1: none)."""

    __slots__ = ("dirty", "position", "states")

    def __init__(self, position: int, states: list[Any]) -> None:
        self.position = position
        self.states = states
        self.dirty = False


class PartitionState:
    """All keys of one partition. The key `#<partition>` holds what routes know of the partition as a whole."""

    def __init__(self, steps: tuple[Step, ...], partition: int, stored: dict[str, bytes]) -> None:
        self.steps = steps
        self.partition = partition
        self.own = f"#{partition}"
        self.keys: dict[str, KeyState] = {}
        self.read = -1
        """Offset of the last record read."""
        self.written = -1
        """`read` as of the last checkpoint."""
        self.unacknowledged: list[asyncio.Future[Any]] = []
        self.broken = False
        """What it knows and what Kafka was told differ for good: nothing of it may be told, written or committed."""
        whole = {key for key in stored if _PIECE not in key}
        for key in (self.own, *sorted(whole - {self.own})):  # the others look into the partition's own
            found = msgspec.msgpack.decode(stored[key], type=_Stored) if key in stored else _Stored(-1, {})
            self.keys[key] = self._new(key, found)
        names = [step.name for step in steps]
        for name in stored.keys() - whole:
            key, route, piece = name.split(_PIECE)
            index = names.index(route)
            self.of(key).states[index].pieces[piece] = msgspec.msgpack.decode(stored[name], type=steps[index].piece)

    async def told(self, sending: Coroutine[Any, Any, list["asyncio.Future[Any]"]]) -> None:
        """Waits until what came of a change is queued; a change whose messages are not must never be committed.

        Raises Halt where an earlier change was not told.
        """
        if self.broken:
            sending.close()
            raise Halt("an earlier change could not be told: nothing more is")
        try:
            futures = await sending
        except BaseException:
            self.broken = True
            raise
        self.unacknowledged += futures

    def of(self, key: str) -> KeyState:
        state = self.keys.get(key)
        if state is None:
            state = self.keys[key] = self._new(key, _Stored(-1, {}))
        return state

    def every_key(self) -> list[str]:
        """All keys in order, the partition's own last."""
        return [*sorted(key for key in self.keys if key != self.own), self.own]

    def _new(self, key: str, stored: _Stored) -> KeyState:
        states: list[Any] = []
        for index, step in enumerate(self.steps):
            if step.state is None:
                states.append(None)  # or another route's, below
            elif step.scope == "partition" and key != self.own:
                states.append(self.keys[self.own].states[index])
            elif step.name in stored.states:
                states.append(msgspec.msgpack.decode(stored.states[step.name], type=step.state))
            else:
                states.append(step.state(key))
        names = [step.name for step in self.steps]
        for index, step in enumerate(self.steps):
            if step.shares:
                states[index] = states[names.index(step.shares)]
        return KeyState(stored.position, states)

    def snapshot(self) -> dict[str, bytes | None]:
        """Name in the table -> encoded state, or piece of one, that changed since the last snapshot; None: it is gone.

        Pieces come before the key that they belong to: where the key is written, its pieces are. A piece may be newer
        than its key after a crash; what it holds must say from which offset it is.
        """
        found: dict[str, bytes | None] = {}
        for key, state in self.keys.items():
            if state.dirty:
                held = list(zip(self.steps, state.states, strict=True))
                for step, grown in held:
                    if step.piece is not None:
                        for name in sorted(grown.changed):
                            piece = grown.pieces.get(name)
                            found[_PIECE.join((key, step.name, name))] = (
                                None if piece is None else _encoder.encode(piece)
                            )
                        grown.changed.clear()
                kept = {
                    step.name: one
                    for step, one in held
                    if step.state is not None and step.piece is None and (step.scope == "key" or key == self.own)
                }
                found[key] = _encoder.encode({"position": state.position, "states": kept})
                state.dirty = False
        return found


class Checkpointer:
    """Runs the checkpoints of one stage. `lock` is held while state and outputs change together."""

    def __init__(self, app: StageApp, table: Any, topic: Callable[[int], Any], outbox: Outbox) -> None:
        self._app = app
        self._table = table
        self._tp = topic
        self._outbox = outbox
        self.lock = asyncio.Lock()
        self._one_at_a_time = asyncio.Lock()
        self.partitions: dict[int, PartitionState] = {}

    def load(self, steps: tuple[Step, ...], partition: int) -> PartitionState:
        """The partition's state as recovery left it in the table."""
        state = PartitionState(steps, partition, self._app.states(self._table, partition))
        self.partitions[partition] = state
        return state

    async def checkpoint(self) -> None:
        """One checkpoint of every partition. Raises Halt when a message or a state could not be written, and from then
        on: what was not acknowledged then would be taken for done.
        """
        async with self._one_at_a_time:
            for state in list(self.partitions.values()):
                await self._write(state)

    async def _write(self, state: PartitionState) -> None:
        async with self.lock:
            if self._app.failed or state.broken:
                raise Halt("the stage has failed: it writes no state and commits nothing any more")
            if state.read == state.written and not state.unacknowledged:
                return
            read = state.read
            snapshot = state.snapshot()
            sent, state.unacknowledged = state.unacknowledged, []
        try:
            await acknowledged(sent)
            topic = self._table.changelog_topic_name
            futures = [
                await self._outbox.send(topic, key.encode(), value, [], partition=state.partition)
                for key, value in snapshot.items()
            ]
            await acknowledged(futures)
        except BaseException:  # the snapshot is gone: a later one would not hold what it held
            state.broken = True
            raise
        for key, value in snapshot.items():
            self._app.put_state(self._table, state.partition, key, value)
        state.written = read
        if self.partitions.get(state.partition) is state:
            self._app.progress[self._tp(state.partition)] = read + 1

    async def run(self, every_s: float, failed: Callable[[BaseException], Awaitable[None]]) -> None:
        """Checkpoints until cancelled; a failed one ends the stage through `failed`."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.checkpoint()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                await failed(error if isinstance(error, Halt) else Halt(f"checkpoint failed: {error!r}"))
                return
