"""One bad message never takes its batch with it; what cannot be set aside stops the stage, uncommitted."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from app.domain.errors import Halt, Reject
from app.domain.message import Origin, Send
from app.engine.codec import encode
from app.engine.recovery import Checkpointer
from app.engine.sink import MOST_RECORDS
from app.engine.step import Step
from tests.app.engine.doubles import App, Outbox, Record, Thing, batch, headers_of, must_not, pure, sink, thing


class Count(msgspec.Struct):
    key: str
    count: int = 0


def count(body: Thing, _: Origin, state: Count) -> tuple[Send, ...]:
    """Fails on 3 after it has begun, rejects 5."""
    if body.number == 3:
        raise ZeroDivisionError("three")
    if body.number == 5:
        raise Reject("five", field="number", value=5)
    state.count += 1
    return (Send("counts", body.pair, {"count": state.count}),)


COUNTING = Step("counting", "Test", count, Count)


async def test_a_batch_outlives_its_bad_messages() -> None:
    app, outbox = App(), Outbox()
    runtime = pure(app, outbox, COUNTING)
    nonsense = Record("t.things", 0, 2, b"A/B", b"\xff", headers_of())
    foreign = Record("t.things", 0, 4, b"X/Y", encode(Thing("A/B", 4)), headers_of())
    records = [thing(1), nonsense, thing(3), foreign, thing(5), thing(6)]

    await runtime.take(batch(*records))
    await runtime.checkpoints.checkpoint()

    assert [body["count"] for _, body in outbox.on("counts")] == [1, 2]
    assert [(name, body.field) for name, body in outbox.on("invalid_messages")] == [
        ("things/0/2/invalid", "value"),
        ("things/0/4/invalid", "key"),
        ("things/0/5/invalid", "number"),
    ]
    assert [body.raw for _, body in outbox.on("invalid_messages")] == [b"\xff", foreign.value, records[4].value]
    assert app.committed == 7


async def test_what_a_route_cannot_handle_dies_once_with_its_bytes_and_the_routes_name() -> None:
    app, outbox = App(), Outbox()
    runtime = pure(app, outbox, COUNTING)

    await runtime.take(batch(thing(2), thing(3)))

    ((identity, letter),) = outbox.on("dead_letters")
    assert identity == "m3/counting.dead"
    assert (letter.route, letter.code, letter.detail) == ("counting", "ZeroDivisionError", "three")
    assert (letter.channel, letter.partition, letter.offset) == ("things", 0, 3)
    assert (letter.key, letter.value) == (b"A/B", thing(3).value)
    assert list(letter.headers) == thing(3).headers


@pytest.mark.parametrize("channel", ["dead_letters", "invalid_messages", "counts"])
async def test_what_cannot_be_sent_stops_the_stage_without_committing(channel: str) -> None:
    app, outbox = App(), Outbox(refuses=lambda topic: topic == f"t.{channel}")
    runtime = pure(app, outbox, COUNTING)

    await runtime.take(batch(thing(1), thing(3), thing(5)))
    with pytest.raises(Halt, match="did not take a message in time"):
        await runtime.checkpoints.checkpoint()

    assert app.committed == 0
    assert app.written == {}
    with pytest.raises(Halt):  # not at its end either: what was not acknowledged would be taken for done
        await runtime.checkpoints.checkpoint()
    await runtime.rest()
    assert app.committed == 0


async def test_a_state_that_cannot_be_written_keeps_its_input_uncommitted() -> None:
    app, outbox = App(), Outbox(refuses=lambda topic: topic == "t.state")
    runtime = pure(app, outbox, COUNTING)

    await runtime.take(batch(thing(1)))
    with pytest.raises(Halt):
        await runtime.checkpoints.checkpoint()
    await runtime.rest()

    assert app.committed == 0


async def test_a_stage_that_has_failed_commits_nothing_any_more() -> None:
    app = App()
    runtime = pure(app, Outbox(), COUNTING)

    await runtime.take(batch(thing(1)))
    app.failed = True
    await runtime.rest()

    assert app.committed == 0
    assert app.written == {}


async def test_a_stage_that_has_failed_begins_nothing_any_more() -> None:
    app, outbox, rows = App(), Outbox(), list[Any]()

    async def write(found: Sequence[Any]) -> None:
        rows.extend(found)

    app.failed = True
    await pure(app, outbox, COUNTING).take(batch(thing(1)))
    await sink(app, outbox, write, Step("rows", "Test", lambda body, _: (body,))).take(batch(thing(1)))

    assert outbox.sent == []
    assert rows == []
    assert app.committed == 0


async def test_after_a_message_that_could_not_be_queued_nothing_is_told_or_committed() -> None:
    """Faust starts a failed agent again with the next batch: what that decided would lack the last one's rest."""

    class Full(Outbox):
        full = True

        async def send(self, *args: Any, **more: Any) -> Any:
            if self.full:
                raise Halt("cannot be queued")
            return await super().send(*args, **more)

    app, outbox = App(), Full()
    runtime = pure(app, outbox, COUNTING)

    with pytest.raises(Halt, match="cannot be queued"):
        await runtime.take(batch(thing(1)))
    outbox.full = False
    with pytest.raises(Halt, match="nothing more is"):
        await runtime.take(batch(thing(2)))
    await runtime.rest()

    assert outbox.sent == []
    assert app.committed == 0


async def test_a_stage_that_leaves_begins_nothing() -> None:
    app, outbox = App(), Outbox()
    runtime = pure(app, outbox, COUNTING)

    runtime.leaving = True
    await runtime.take(batch(thing(1)))

    assert outbox.sent == []
    assert runtime.checkpoints.partitions == {}


async def test_two_checkpoints_at_once_commit_nothing_early() -> None:
    class Slow(Outbox):
        """Acknowledges states when it is told to."""

        def __init__(self) -> None:
            super().__init__()
            self.waiting: list[Any] = []

        async def send(self, topic: str, *rest: Any, **more: Any) -> Any:
            done = await super().send(topic, *rest, **more)
            if topic == "t.state":
                done = done.get_loop().create_future()
                self.waiting.append(done)
            return done

    app, outbox = App(), Slow()
    runtime = pure(app, outbox, COUNTING)
    await runtime.take(batch(thing(1)))

    both = [asyncio.create_task(runtime.checkpoints.checkpoint()) for _ in range(2)]
    for _ in range(20):  # turns of the loop, more than both need to come to where they wait
        await asyncio.sleep(0)
    early = app.committed
    for done in outbox.waiting:
        done.set_result(None)
    await asyncio.gather(*both)

    assert early == 0
    assert app.committed == 2


async def test_a_sink_writes_good_rows_beside_bad_messages_and_then_commits() -> None:
    app, outbox = App(), Outbox()
    written: list[Any] = []

    async def write(rows: Sequence[Any]) -> None:
        assert app.committed == 0
        written.extend(rows)

    def row(body: Thing, _: Origin) -> list[Any]:
        if body.number == 2:
            raise KeyError("two")
        return [body.number]

    runtime = sink(app, outbox, write, Step("rows", "Test", row))
    await runtime.take(batch(thing(1), thing(2), Record("t.things", 0, 3, None, b"", []), thing(4)))
    await runtime.write_taken()

    assert written == [1, 4]
    assert [letter.route for _, letter in outbox.on("dead_letters")] == ["rows"]
    assert [name for name, _ in outbox.on("invalid_messages")] == ["things/0/3/invalid"]
    assert app.committed == 5


@pytest.mark.parametrize("channel", ["dead_letters", "invalid_messages"])
async def test_a_sink_that_cannot_set_aside_stops_without_committing(channel: str) -> None:
    app, outbox = App(), Outbox(refuses=lambda topic: topic == f"t.{channel}")

    async def write(rows: Sequence[Any]) -> None:
        raise AssertionError("nothing to write")

    runtime = sink(app, outbox, write, Step("rows", "Test", must_not(KeyError("x"))))
    await runtime.take(batch(thing(1), Record("t.things", 0, 2, None, b"", [])))
    with pytest.raises(Halt):
        await runtime.write_taken()

    assert app.committed == 0


async def test_what_a_sink_takes_while_it_writes_is_one_transaction_and_committed_when_written() -> None:
    app, database = App(), asyncio.Semaphore(0)
    transactions: list[list[int]] = []

    async def write(rows: Sequence[Any]) -> None:
        await database.acquire()
        transactions.append(list(rows))

    runtime = sink(app, Outbox(), write, Step("rows", "Test", lambda body, _: [body.number]))
    running = asyncio.create_task(runtime.run())
    await runtime.take(batch(thing(1)))
    await asyncio.sleep(0)
    for number in (2, 3):
        await runtime.take(batch(thing(number)))
    resting = asyncio.create_task(runtime.rest())
    await asyncio.sleep(0.01)

    assert (transactions, app.committed, resting.done()) == ([], 0, False)
    database.release()
    database.release()
    await resting
    assert (transactions, app.committed) == ([[1], [2, 3]], 4)
    running.cancel()


async def test_a_sink_takes_no_more_than_it_may_hold() -> None:
    app, database = App(), asyncio.Event()

    async def write(_: Sequence[Any]) -> None:
        await database.wait()

    runtime = sink(app, Outbox(), write, Step("rows", "Test", lambda body, _: [body.number]))
    running = asyncio.create_task(runtime.run())
    await runtime.take(batch(*map(thing, range(MOST_RECORDS))))
    another = asyncio.create_task(runtime.take(batch(thing(MOST_RECORDS))))
    await asyncio.sleep(0.01)

    assert not another.done()
    database.set()
    await another
    running.cancel()


async def test_a_checkpoint_needs_something_new() -> None:
    app, outbox = App(), Outbox()
    runtime = pure(app, outbox, COUNTING)
    await runtime.take(batch(thing(1)))

    await runtime.checkpoints.checkpoint()
    before = len(outbox.sent)
    await runtime.checkpoints.checkpoint()

    assert isinstance(runtime.checkpoints, Checkpointer)
    assert len(outbox.sent) == before


class Full(Outbox):
    """Has no room left for what is sent to one channel."""

    async def send(self, topic: str, *rest: Any, **more: Any) -> Any:
        if topic == "t.counts":
            raise Halt("cannot even be queued")
        return await super().send(topic, *rest, **more)


async def test_a_change_whose_messages_could_not_be_queued_is_never_committed() -> None:
    app = App()
    runtime = pure(app, Full(), COUNTING)

    with pytest.raises(Halt, match="queued"):
        await runtime.take(batch(thing(1)))
    with pytest.raises(Halt):
        await runtime.checkpoints.checkpoint()

    assert app.committed == 0
    assert app.written == {}
