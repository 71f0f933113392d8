"""A crash anywhere: what comes again is skipped or sent under the same ids, and the state is as if nothing had been."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.domain.message import Origin, Send
from app.engine.recovery import PartitionState
from app.engine.step import Step
from tests.app.engine.doubles import App, Outbox, Thing, batch, pure, thing

PAIRS = ("A/B", "C/D", "E/F")


class Sum(msgspec.Struct):
    key: str
    total: int = 0


class Seen(msgspec.Struct):
    key: str
    numbers: list[int] = []


def note(body: Thing, _: Origin, state: Seen) -> tuple[Any, ...]:
    state.numbers.append(body.number)
    return (body,)


def add(body: Thing, _: Origin, state: Sum) -> tuple[Send, ...]:
    state.total += body.number
    return (Send("sums", body.pair, {"total": state.total}), Send("sums", body.pair, {"twice": 2 * state.total}))


STEPS = (Step("note", "Test", note, Seen), Step("add", "Test", add, Sum))


class Crash(Exception):
    """kill -9."""


class Mortal(Outbox):
    """Dies instead of the send that is one too many."""

    def __init__(self, lives: int) -> None:
        super().__init__()
        self._lives = lives

    async def send(self, *what: Any, **more: Any) -> Any:
        if self._lives == 0:
            raise Crash
        self._lives -= 1
        return await super().send(*what, **more)


def states_in(app: App) -> dict[str, Any]:
    found = {key: msgspec.msgpack.decode(value) for key, value in app.written.items()}
    return {key: (one["position"], one["states"]) for key, one in found.items() if not key.startswith("#")}


@given(
    count=st.integers(1, 30),
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=6),
    deaths=st.lists(st.integers(0, 60), max_size=5),
    every=st.integers(1, 3),
)
async def test_a_crash_anywhere_changes_nothing(count: int, sizes: list[int], deaths: list[int], every: int) -> None:
    records = [thing(number, PAIRS[number % 3]) for number in range(count)]
    whole, calm = App(), Outbox()
    undisturbed = pure(whole, calm, *STEPS)
    await undisturbed.take(batch(*records))
    await undisturbed.checkpoints.checkpoint()

    kept, said = App(), []
    for lives in [*deaths, -1]:
        app, outbox = App(kept.written), Mortal(lives)
        app.progress.update(kept.progress)
        runtime = pure(app, outbox, *STEPS)
        try:
            at, turn = app.committed, 0
            while at < count:
                size = sizes[turn % len(sizes)]
                await runtime.take(batch(*records[at : at + size]))
                at, turn = at + size, turn + 1
                if turn % every == 0:
                    await runtime.checkpoints.checkpoint()
            await runtime.checkpoints.checkpoint()
        except Crash:
            pass
        kept = app
        # the changelog has what was sent to it, whether or not that was acknowledged to the worker that died
        kept.written.update({key.decode(): value for topic, key, value, _ in outbox.sent if topic == "t.state"})
        said += outbox.on("sums")

    assert kept.committed == count
    assert states_in(kept) == states_in(whole)
    assert dict(said) == dict(calm.on("sums"))
    assert len({(name, msgspec.json.encode(body)) for name, body in said}) == len(calm.on("sums"))


async def test_input_at_or_below_a_states_position_is_skipped() -> None:
    app, outbox = App(), Outbox()
    first = pure(app, outbox, *STEPS)
    await first.take(batch(thing(0), thing(1), thing(2)))
    await first.checkpoints.checkpoint()
    before = len(outbox.on("sums"))

    second = pure(App(app.written), outbox, *STEPS)
    await second.take(batch(thing(1), thing(2), thing(3)))

    assert [name for name, _ in outbox.on("sums")[before:]] == ["m3/add.0", "m3/add.1"]
    assert outbox.on("sums")[before][1] == {"total": 6}


def test_keys_find_their_partitions_own_state_even_where_it_was_never_written() -> None:
    steps = (Step("note", "Test", note, Seen, scope="partition"), Step("add", "Test", add, Sum))
    before = PartitionState(steps, 0, {})
    before.of("A/B").states[1].total = 7
    before.of("A/B").dirty = True

    after = PartitionState(steps, 0, before.snapshot())

    assert after.of("A/B").states[1].total == 7
    assert after.of("A/B").states[0] is after.of("#0").states[0]
