"""Commands to the world: beside each other, asked about before they are done again, left and found again."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from faust.types import TP

from app.domain.errors import Halt, Refuse, Retry
from app.domain.message import Origin, Send
from app.engine import policy
from app.engine.effect import EffectRuntime
from app.engine.recovery import Checkpointer
from app.engine.stage import Effects, Stage
from app.engine.step import Step
from routes.dead_letter_channel import dead_letter_channel
from routes.invalid_message_channel import invalid_message_channel
from tests.app.engine.doubles import SETTINGS, THINGS, App, Mark, Outbox, Record, Table, batch, headers_of, thing


class Deed(msgspec.Struct, frozen=True):
    origin: Origin
    number: int
    due: int = 7


class Done(msgspec.Struct, frozen=True):
    number: int
    how: str


class Open(msgspec.Struct):
    key: str
    deeds: dict[int, Deed] = {}


class World(msgspec.Struct):
    key: str
    did: list[int] = []


def manage(body: Any, origin: Origin, state: Open) -> tuple[Any, ...]:
    if isinstance(body, Done):
        state.deeds.pop(body.number, None)
        return (Send("done", "k", {"number": body.number, "how": body.how}, name=str(body.number)),)
    if body.number == 13:
        raise LookupError("thirteen")
    state.deeds[body.number] = Deed(origin, body.number)
    return (state.deeds[body.number],)


def effect(
    app: App, outbox: Outbox, perform: Callable[[Deed, World, bool], Any], timeout_s: float | None = None
) -> EffectRuntime:
    stage = Stage(
        "s",
        "effect",
        (THINGS,),
        (),
        (Step("manage", "Test", manage, Open), Step("world", "Test", lambda body, *_: (body,), World)),
        invalid_message_channel(),
        dead_letter_channel(),
        effects=Effects(
            perform=perform,
            failed=lambda deed, attempts, gave_up: (
                Done(deed.number, f"{attempts[-1].code} x{len(attempts)}") if gave_up else deed
            ),
            reopen=lambda state: list(state.deeds.values()),
            resume="manage",
            barrier=Mark,
            virtual_time=False,
            timeout_s=timeout_s,
        ),
    )
    runtime = EffectRuntime(stage, SETTINGS, app, outbox)  # type: ignore[arg-type]
    runtime.checkpoints = Checkpointer(app, Table(), lambda partition: TP("t.things", partition), outbox)  # type: ignore[arg-type]
    return runtime


async def all_done(runtime: EffectRuntime) -> None:
    async with asyncio.timeout(5):
        await runtime._wait(until=None)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "back_off", lambda *_, **__: 0.0)


async def test_commands_run_beside_each_other_and_each_ends_once() -> None:
    outbox, here = Outbox(), asyncio.Barrier(3)

    async def perform(deed: Deed, world: World, again: bool) -> Done:
        await here.wait()  # ends only when three are here at once
        return Done(deed.number, "ok")

    runtime = effect(App(), outbox, perform)
    await runtime.take(batch(thing(1), thing(2), thing(3)))
    await all_done(runtime)

    assert sorted(body["number"] for _, body in outbox.on("done")) == [1, 2, 3]


async def test_a_world_that_does_not_answer_is_asked_again_and_given_up_in_the_end() -> None:
    outbox, told = Outbox(), list[bool]()

    async def hang(deed: Deed, world: World, again: bool) -> Done:
        told.append(again)
        await asyncio.Event().wait()
        raise AssertionError

    runtime = effect(App(), outbox, hang, timeout_s=0.01)
    await runtime.take(batch(thing(1)))
    await all_done(runtime)

    assert len(told) == policy.ATTEMPTS
    assert all(told[1:])
    assert [body["how"] for _, body in outbox.on("done")] == ["Retry x5"]


async def test_what_was_under_way_is_found_again_and_the_world_is_asked_first() -> None:
    app, outbox, never = App(), Outbox(), asyncio.Event()

    async def hang(deed: Deed, world: World, again: bool) -> Done:
        await never.wait()
        raise AssertionError

    first = effect(app, outbox, hang)
    await first.take(batch(thing(1)))
    await first.rest()
    assert app.committed == 2
    told: list[tuple[int, bool]] = []

    async def perform(deed: Deed, world: World, again: bool) -> Done:
        told.append((deed.number, again))
        return Done(deed.number, "ok")

    second = effect(App(app.written), outbox, perform)
    await second.take(batch(thing(2)))
    await all_done(second)

    assert told == [(1, True), (2, True)]  # 2 lay in Kafka when this worker came: somebody may have begun it
    assert [body["number"] for _, body in outbox.on("done")] == [1, 2]


@pytest.mark.parametrize(
    ("error", "how"),
    [(Retry("away"), "Retry x5"), (Refuse("CLOSED", "closed"), "CLOSED x1"), (KeyError("odd"), "Retry x5")],
)
async def test_what_fails_for_good_is_an_answer_too(error: Exception, how: str) -> None:
    outbox = Outbox()

    async def perform(deed: Deed, world: World, again: bool) -> Done:
        raise error

    runtime = effect(App(), outbox, perform)
    await runtime.take(batch(thing(1)))
    await all_done(runtime)

    assert [body for _, body in outbox.on("done")] == [{"number": 1, "how": how}]


async def test_an_invariant_of_the_world_that_broke_stops_the_stage() -> None:
    async def perform(deed: Deed, world: World, again: bool) -> Done:
        raise Halt("two orders under one id")

    runtime = effect(App(), Outbox(), perform)
    await runtime.take(batch(thing(1)))

    with pytest.raises(Halt):
        await all_done(runtime)


async def test_bad_messages_do_not_stop_the_good() -> None:
    app, outbox = App(), Outbox()

    async def perform(deed: Deed, world: World, again: bool) -> Done:
        return Done(deed.number, "ok")

    runtime = effect(app, outbox, perform)
    await runtime.take(batch(Record("t.things", 0, 1, b"k", b"{", headers_of()), thing(13), thing(14)))
    await all_done(runtime)
    await runtime.checkpoints.checkpoint()

    assert [name for name, _ in outbox.on("invalid_messages")] == ["things/0/1/invalid"]
    assert [(letter.route, letter.value) for _, letter in outbox.on("dead_letters")] == [("manage", thing(13).value)]
    assert [body["number"] for _, body in outbox.on("done")] == [14]
    assert app.committed == 15


async def test_an_answer_that_comes_while_the_stage_leaves_is_left_to_the_next() -> None:
    app, outbox, go = App(), Outbox(), asyncio.Event()

    async def perform(deed: Deed, world: World, again: bool) -> Done:
        await go.wait()
        return Done(deed.number, "ok")

    runtime = effect(app, outbox, perform)
    await runtime.take(batch(thing(1)))
    async with runtime.checkpoints.lock:  # the answer is there and waits for its turn
        go.set()
        for _ in range(5):
            await asyncio.sleep(0)
        runtime.leaving = True
        resting = asyncio.create_task(runtime.rest())
        await asyncio.sleep(0)
    await resting

    assert outbox.on("done") == []
    state = msgspec.msgpack.decode(app.written["A/B"])["states"]
    assert len(state["manage"]["deeds"]) == 1
