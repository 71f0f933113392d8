"""The paper venue keeps the port's contract, and is harder than a live one where it can be."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from app.domain.errors import Retry
from app.domain.execution import OrderReport
from app.domain.market_data import Book
from app.domain.money import exact
from app.domain.order import Position
from app.domain.venue import Faults, VenueProfile
from app.venues.paper import PaperState, PaperVenue
from tests.app.venues.port_contract import *  # noqa: F403
from tests.builders import MS, START, book, profile, venue_order

FUNDS = {"USDT": "1000", "BTC": "10"}
ALWAYS = D(1)


class HeldBooks:
    """Books in memory: (offset, book) of one partition."""

    def __init__(self, held: Sequence[tuple[int, Book]] = ()) -> None:
        self.held = held

    async def after(self, position: Position, venue: str, pair: str, not_before: int) -> Book | None:
        for offset, one in self.held:
            if offset > position.offset and (one.venue, one.pair) == (venue, pair) and one.received_time >= not_before:
                return one
        return None


@pytest.fixture
def books_of() -> Any:
    return HeldBooks


@pytest.fixture(params=["quote", "base"])
def venue_of(request: pytest.FixtureRequest) -> Any:
    def make(
        *, asks: Any = (("100", "2"), ("101", "3")), bids: Any = (("99", "2"), ("98", "3")), funds: Any = FUNDS,
        fee_bps: str = "0", refuses: bool = False, loses: bool = False,
    ) -> PaperVenue:  # fmt: skip
        faults = Faults(refuse=D(refuses), time_out=D(loses))
        held = [(1, book(asks=tuple(asks), bids=tuple(bids)))]
        return paper(profile(fee_bps=fee_bps, funds=funds, faults=faults, fee_in=request.param), held)

    return make


def paper(
    known: VenueProfile | None = None, held: Sequence[tuple[int, Book]] = (), state: PaperState | None = None,
    **changes: Any,
) -> PaperVenue:  # fmt: skip
    return PaperVenue(known or profile(), PaperState() if state is None else state, HeldBooks(held), {}, **changes)


def amounts(report: OrderReport) -> list[tuple[str, str]]:
    return [(str(one.price), str(one.amount)) for one in report.fills]


async def test_without_latency_it_fills_on_the_decision_s_own_levels() -> None:
    venue = paper(held=[(1, book("50", "51"))])

    report = await venue.place(venue_order("3", "101", levels=(("100", "2"), ("101", "3"))))

    assert amounts(report) == [("100", "2"), ("101", "1")]
    assert {one.at for one in report.fills} == {START}


async def test_with_latency_it_fills_on_the_first_book_that_is_not_earlier() -> None:
    held = [
        (1, book("1", "90", sequence=1, at=START + 9 * MS)),
        (2, book("1", "100", sequence=2, at=START + 11 * MS)),
        (3, book("1", "80", sequence=3, at=START + 12 * MS)),
    ]

    report = await paper(held=held).place(venue_order(levels=None, at=START + 10 * MS))

    assert amounts(report) == [("100", "1")]
    assert (report.at, report.fills[0].at) == (START + 11 * MS, START + 11 * MS)


async def test_a_book_from_before_the_decision_is_never_used_however_it_is_dated() -> None:
    held = [(1, book("1", "90", at=START + 60_000 * MS)), (2, book("1", "100", at=START + 60_000 * MS))]

    report = await paper(held=held).place(venue_order(levels=None, at=START + 10 * MS, offset=1))

    assert amounts(report) == [("100", "1")]


async def test_without_another_book_nothing_is_filled() -> None:
    report = await paper().place(venue_order(levels=None, at=START + 10 * MS))

    assert (report.status, report.code, report.fills, report.at) == ("none", "NO_BOOK", (), START + 10 * MS)


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("limit", ["100", None])
async def test_a_closed_venue_fills_nothing(side: str, limit: str | None) -> None:
    closed = book(bids=(("0", "0"),), asks=(("0", "0"),))

    report = await paper(held=[(1, closed)]).place(venue_order(limit=limit, side=side, levels=None))

    assert (report.status, report.fills) == ("none", ())


@pytest.mark.parametrize(
    "invalid",
    [
        book(asks=(("0", "5"),)),
        book("99", "NaN"),
        book("99", "-1"),
        book(asks=(("abc", "1"),)),
        book(asks=(("1e1", "5"),)),
        book("99", "98"),
        book("99", "99"),
    ],
)
async def test_what_is_no_book_is_passed_over(invalid: Book) -> None:
    held = [(1, invalid), (2, book("99", "100", sequence=2, at=START + MS))]

    report = await paper(held=held).place(venue_order(levels=None))

    assert (amounts(report), report.at) == ([("100", "1")], START + MS)


async def test_an_empty_side_fills_nothing() -> None:
    report = await paper(held=[(1, book("99", ""))]).place(venue_order(levels=None))

    assert report.status == "none"


async def test_a_repair_takes_any_price() -> None:
    report = await paper(held=[(1, book("3", "900"))]).place(venue_order(limit=None, side="sell", levels=None))

    assert amounts(report) == [("3", "1")]


async def test_a_fee_in_quote_is_taken_of_the_quote() -> None:
    (one,) = (await paper(profile(fee_bps="10")).place(venue_order())).fills

    assert (one.fee, one.fee_asset) == (D("0.1"), "USDT")


async def test_a_fee_in_base_is_taken_of_what_was_bought() -> None:
    (one,) = (await paper(profile(fee_bps="10", fee_in="base")).place(venue_order())).fills

    assert (one.fee, one.fee_asset) == (D("0.001"), "BTC")


async def test_a_sell_pays_its_fee_in_quote_everywhere() -> None:
    (one,) = (await paper(profile(fee_bps="10", fee_in="base")).place(venue_order(side="sell"))).fills

    assert (one.fee, one.fee_asset) == (D("0.1"), "USDT")


@pytest.mark.parametrize(("held", "status"), [("100.1", "filled"), ("100.09", "refused")])
async def test_an_order_needs_its_cost_and_its_fee(held: str, status: str) -> None:
    state = PaperState()

    report = await paper(profile(fee_bps="10", funds={"USDT": held}), state=state).place(venue_order())

    assert report.status == status
    if status == "refused":
        assert (report.code, state.balances) == ("INSUFFICIENT_FUNDS", {"USDT": D(held)})


async def test_a_sell_needs_what_it_sells() -> None:
    report = await paper(profile(funds={"USDT": "9"})).place(venue_order(side="sell"))

    assert (report.status, report.code) == ("refused", "INSUFFICIENT_FUNDS")
    assert "1 BTC short" in report.detail


async def test_only_what_fills_must_be_paid() -> None:
    report = await paper(profile(funds={"USDT": "100"})).place(venue_order("9", levels=(("100", "1"),)))

    assert (report.status, report.filled) == ("partial", 1)


async def test_without_funds_in_the_profile_balances_go_below_zero() -> None:
    state = PaperState()
    await paper(state=state).place(venue_order())

    assert state.balances == {"BTC": 1, "USDT": -100}


async def test_faults_are_an_order_s_own_whenever_it_is_placed() -> None:
    half = profile(faults=Faults(refuse=D("0.25"), time_out=D("0.25")))

    async def outcome(identity: str) -> str:
        try:
            return (await paper(half).place(venue_order(identity=identity))).status
        except Retry:
            return "lost"

    first = [await outcome(f"t{number}") for number in range(400)]
    again = [await outcome(f"t{number}") for number in range(400)]

    assert first == again
    assert 60 < first.count("refused") < 140
    assert 60 < first.count("lost") < 140
    assert first.count("refused") + first.count("lost") + first.count("filled") == 400


async def test_an_order_whose_answer_was_lost_is_found_when_it_is_placed_again() -> None:
    state = PaperState()
    venue = paper(profile(faults=Faults(time_out=ALWAYS)), state=state)
    with pytest.raises(Retry, match="outcome is not known"):
        await venue.place(venue_order())

    report = await venue.place(venue_order())

    assert (report.status, state.balances) == ("filled", {"BTC": 1, "USDT": -100})


async def test_the_same_order_at_once_is_worked_once() -> None:
    state, locks = PaperState(), dict[str, asyncio.Lock]()
    venues = [PaperVenue(profile(), state, HeldBooks([(1, book("99", "100"))]), locks) for _ in range(5)]

    reports = await asyncio.gather(*(venue.place(venue_order(levels=None)) for venue in venues))

    assert len(set(reports)) == 1
    assert state.balances == {"BTC": 1, "USDT": -100}


async def test_orders_and_balances_survive_the_worker() -> None:
    state = PaperState()
    report = await paper(profile(funds=FUNDS), state=state).place(venue_order())

    found = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=PaperState)
    venue = paper(profile(funds=FUNDS), state=found)

    assert await venue.place(venue_order()) == report
    assert await venue.balances() == {"USDT": 900, "BTC": 11}


async def test_what_we_took_of_a_level_is_gone_until_that_level_changes() -> None:
    asks = (("100", "2"), ("101", "9"))
    held = [
        (1, book(asks=asks)),
        (2, book(asks=asks, sequence=2, at=START + 2)),
        (3, book(asks=(("100", "3"),), sequence=3, at=START + 3)),
    ]
    venue = paper(held=held, depletion=True)

    async def place(identity: str, at: int) -> list[tuple[str, str]]:
        return amounts(await venue.place(venue_order("1.5", "101", identity=identity, levels=None, at=START + at)))

    assert await place("t1", 0) == [("100", "1.5")]
    assert await place("t2", 0) == [("100", "0.5"), ("101", "1.0")]
    assert await place("t3", 2) == [("101", "1.5")]
    assert await place("t4", 3) == [("100", "1.5")]


async def test_a_level_that_changed_and_changed_back_is_whole_again() -> None:
    sizes = ("2", "3", "2")
    held = [(1 + at, book("99", "100", size=size, sequence=at, at=START + at)) for at, size in enumerate(sizes)]
    venue = paper(held=held, depletion=True)

    async def place(identity: str, at: int, limit: str) -> list[tuple[str, str]]:
        return amounts(await venue.place(venue_order("2", limit, identity=identity, levels=None, at=START + at)))

    assert await place("t1", 0, "100") == [("100", "2")]
    assert await place("t2", 1, "1") == []
    assert await place("t3", 2, "100") == [("100", "2")]


async def test_without_depletion_every_order_finds_the_whole_level() -> None:
    venue = paper(held=[(1, book("99", "100", size="1"))])

    for identity in ("t1", "t2"):
        assert amounts(await venue.place(venue_order(identity=identity, levels=None))) == [("100", "1")]


async def test_no_digit_is_lost_with_18_decimals() -> None:
    amount, price = "12345678.123456789012345678", "98765432.12345678"
    state = PaperState()

    report = await paper(profile(fee_bps="7.5"), state=state).place(
        venue_order(amount, price, levels=((price, amount),))
    )

    (one,) = report.fills
    with exact():
        cost = D(amount) * D(price)
        assert one.fee == cost * D("0.00075")
        assert state.balances == {"BTC": D(amount), "USDT": -cost - one.fee}
