"""Whatever a route remembers is the same after a checkpoint and a recovery."""

import asyncio
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from app.domain.execution import LegDone, OrderReport
from app.domain.market_data import Book, Rule, RulesChanged
from app.domain.order import FeedEnded, Position
from app.engine.step import Out, Step, through
from app.settings import Settings
from app.topology import Surroundings, decide, execute
from app.venues.paper import PaperState, PaperVenue
from tests.app.venues.test_paper import HeldBooks
from tests.builders import MS, PAIR, SECOND, START, book, fill, origin, profile, profiles, states, tick

KNOWN = profiles(
    profile("a", fee_bps="5", lot="0.01", fee_in="base"),
    profile("b", latency_ms=5, funds={"USDT": "9", "BTC": "99"}),
    profile("c"),
)
RULES = (Rule("c", "*", "drop"), Rule("*", "*", "join"))


class Venues(msgspec.Struct):
    account: str
    venues: dict[str, PaperState] = {}


def around(**changes: Any) -> Surroundings:
    options = {"depletion": True, "virtual_time": True, "max_edge_bps": "1500", "expected_venues": ("a", "b")}
    found = Settings(**{**options, **changes})
    return Surroundings(found, KNOWN, RULES, lambda *_: None, Venues, lambda *_: None, lambda: 0)  # type: ignore[arg-type, return-value]


FEED: list[Any] = [
    book("99", "100", sequence=1),
    book("110", "111", venue="b", sequence=1),
    book(venue="c"),  # dropped
    tick(START + 1),
    book("99", "100", sequence=1),  # a duplicate
    RulesChanged("control", 1, START + 1, 2, RULES),
    book("99", "100", size="3", sequence=2, at=START + SECOND),
    book("100.02", "111", venue="b", sequence=2, at=START + SECOND),  # under the fees
    book("120", "121", venue="b", sequence=3, at=START + 2 * SECOND),  # not believed
    book("99", "100", size="3", sequence=3, at=START + 2 * SECOND),
    book("110", "111", venue="b", sequence=4, at=START + 3 * SECOND),
    book("98", "100", size="4", sequence=4, at=START + 3 * SECOND),
    book("98", "100", size="4", sequence=5, at=START + 4 * SECOND),  # an instant that is short
]


def fed(steps: tuple[Step, ...], held: list[Any], feed: list[Any], first: int = 1) -> list[Out]:
    outs = []
    for number, body in enumerate(feed, first):
        outs += through(steps, body, origin(number, event_time=body.received_time), held)[0]
    return outs


def decided(join: str) -> tuple[tuple[Step, ...], list[Any], list[Out]]:
    steps = decide(around(join=join)).steps
    held = states(steps)
    return steps, held, fed(steps, held, FEED)


def executed() -> tuple[tuple[Step, ...], list[Any]]:
    """Trades in every condition: a leg open, a repair open, over and held, closed."""
    steps = execute(around()).steps
    held = states(steps, "paper")
    orders = [out.send.body for out in decided("each")[2] if out.send.channel == "trade_orders"]
    many = [msgspec.structs.replace(orders[0], trade_id=f"t{number}") for number in range(4)]
    for number, body in enumerate([*many, FeedEnded(3, 9, START)]):
        through(steps, body, origin(number, event_time=START), held)
    commands = held[2].open_commands()

    def answer(number: int, at: int, filled: bool = True) -> None:
        command = commands[number]
        fills = (fill("100.5", str(command.order.amount), "0.01", at=at),) if filled else ()
        report = OrderReport(command.order.client_order_id, "filled" if filled else "none", fills, at=at)
        through(steps, LegDone(command, report), origin(99), held, 2)

    answer(0, START)
    answer(1, START)
    answer(2, START + SECOND)
    answer(3, START + SECOND)
    answer(4, START)
    answer(5, START, filled=False)
    venue = PaperVenue(
        KNOWN["b"], held[4].venues.setdefault("b", PaperState()), HeldBooks([(1, WIDE)]), {}, depletion=True
    )
    asyncio.run(
        venue.place(
            msgspec.structs.replace(commands[7].order, position=Position("market_data", 0, 0), limit_price=D(1))
        )
    )
    return steps, held


WIDE: Book = book("110", "111", venue="b", at=START + 9 * MS)

DECIDE = [step.name for step in decide(around()).steps if step.state]
EXECUTE = [step.name for step in execute(around()).steps if step.state]


def again(step: Step, held: Any) -> Any:
    encoded = msgspec.msgpack.Encoder(decimal_format="string").encode(held)
    return msgspec.msgpack.decode(encoded, type=step.state)


@pytest.mark.parametrize("name", DECIDE)
@pytest.mark.parametrize("join", ["each", "aligned"])
def test_what_a_route_of_decide_remembers_is_the_same_after_recovery(join: str, name: str) -> None:
    steps, held, _ = decided(join)
    at = [step.name for step in steps].index(name)

    assert again(steps[at], held[at]) == held[at]
    assert name == "end_of_feed" or held[at] != steps[at].state(PAIR)  # type: ignore[misc]


@pytest.mark.parametrize("name", EXECUTE)
def test_what_a_route_of_execute_remembers_is_the_same_after_recovery(name: str) -> None:
    steps, held = executed()
    at = [step.name for step in steps].index(name)

    assert again(steps[at], held[at]) == held[at]
    assert held[at] != steps[at].state("paper")  # type: ignore[misc]


def test_execution_was_in_every_condition() -> None:
    state = executed()[1][2]

    assert (len(state.running), len(state.done), state.settled) == (2, 1, 1)
    assert [command.role for command in state.open_commands()] == ["repair-1", "buy", "sell"]


@pytest.mark.parametrize("join", ["each", "aligned"])
@pytest.mark.parametrize("crash", range(1, len(FEED)))
def test_a_crash_anywhere_changes_nothing_that_follows(join: str, crash: int) -> None:
    steps, whole, outs = decided(join)
    held = states(steps)
    before = fed(steps, held, FEED[:crash])
    names = [step.name for step in steps]
    held = [None if step.state is None else again(step, one) for step, one in zip(steps, held, strict=True)]
    held = [held[names.index(step.shares)] if step.shares else one for step, one in zip(steps, held, strict=True)]

    after = fed(steps, held, FEED[crash:], crash + 1)

    assert before + after == outs
    assert held == whole
