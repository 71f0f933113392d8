"""A stage without a broker: a record, a producer that keeps what it is given, an app that keeps what was written."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from aiokafka.errors import KafkaTimeoutError
from faust.types import TP

from app.domain.failure import DeadLetter, InvalidMessage
from app.engine.codec import encode
from app.engine.pure import PureRuntime
from app.engine.recovery import Checkpointer
from app.engine.sink import SinkRuntime
from app.engine.stage import Stage
from app.engine.step import Step
from app.engine.transport import Batch
from app.settings import load
from channels.channel import Channel
from routes.dead_letter_channel import dead_letter_channel
from routes.invalid_message_channel import invalid_message_channel

SETTINGS = load(namespace="t")


class Thing(msgspec.Struct, frozen=True):
    """What the stages under test are told."""

    pair: str
    number: int


class Mark(msgspec.Struct, frozen=True, tag="mark"):
    number: int


THINGS = Channel("things", Thing, "the pair", "partitions")


class Record(msgspec.Struct):
    topic: str
    partition: int
    offset: int
    key: Any
    value: Any
    headers: Any


def headers_of(message_id: str = "m1", **changes: bytes | None) -> list[tuple[str, bytes | None]]:
    """A header that is changed to b"-" is left out."""
    found = {"id": message_id.encode(), "schema": b"1", "received": b"7", "sent": b"8", **changes}
    return [(name, value) for name, value in found.items() if value != b"-"]


def thing(offset: int, pair: str = "A/B", **changes: Any) -> Record:
    value = encode(Thing(pair, offset))
    return Record("t.things", 0, offset, pair.encode(), value, headers_of(f"m{offset}"), **changes)


def batch(*records: Record) -> Batch:
    return Batch("t.things", 0, 1, records[-1].offset + 1, list(records))


class Outbox:
    """Keeps what it is given. `refuses` says which topics' messages the broker does not take in time."""

    def __init__(self, refuses: Callable[[str], bool] = lambda _: False) -> None:
        self.sent: list[tuple[str, bytes | None, bytes | None, Any]] = []
        self._refuses = refuses

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Any, partition: int | None = None
    ) -> "asyncio.Future[Any]":
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._refuses(topic):
            done.set_exception(KafkaTimeoutError())
        else:
            self.sent.append((topic, key, value, headers))
            done.set_result(None)
        return done

    async def partitions(self, topic: str) -> int:
        return 2

    def on(self, channel: str) -> list[Any]:
        """(id, body) of what was sent there."""
        kinds = {"dead_letters": DeadLetter, "invalid_messages": InvalidMessage}
        return [
            (dict(headers)["id"].decode(), msgspec.json.decode(value or b"", type=kinds.get(channel, Any)))
            for topic, _, value, headers in self.sent
            if topic == f"t.{channel}"
        ]


class App:
    """What the runtimes ask of a stage's Faust app; `written` is the table's changelog."""

    def __init__(self, written: dict[str, bytes] | None = None) -> None:
        self.progress: dict[TP, int] = {}
        self.failed = False
        self.written = written if written is not None else {}

    def current(self, batch: Batch) -> bool:
        return True

    def states(self, table: Any, partition: int) -> dict[str, bytes]:
        return dict(self.written)

    def put_state(self, table: Any, partition: int, key: str, value: bytes) -> None:
        self.written[key] = value

    @property
    def committed(self) -> int:
        return self.progress.get(TP("t.things", 0), 0)


class Table:
    changelog_topic_name = "t.state"


def stage(*steps: Step, kind: Any = "pure", marks: tuple[type, ...] = ()) -> Stage:
    return Stage("s", kind, (THINGS,), (), steps, invalid_message_channel(), dead_letter_channel(), marks)


def pure(app: App, outbox: Outbox, *steps: Step) -> PureRuntime:
    runtime = PureRuntime(stage(*steps), SETTINGS, app, outbox)  # type: ignore[arg-type]
    runtime.checkpoints = Checkpointer(app, Table(), lambda partition: TP("t.things", partition), outbox)  # type: ignore[arg-type]
    return runtime


def sink(app: App, outbox: Outbox, write: Any, *steps: Step) -> SinkRuntime:
    runtime = SinkRuntime(stage(*steps, kind="sink"), SETTINGS, app, outbox)  # type: ignore[arg-type]
    runtime.write = write
    return runtime


def must_not(error: Exception) -> Any:
    def handle(*_: Any) -> Any:
        raise error

    return handle
