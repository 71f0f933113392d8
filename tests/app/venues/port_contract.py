"""What every venue behind the port must do, paper or real; and what every `Books` must.

A venue's test module makes a `VenueFactory`, binds it to the fixture `venue_of`, and imports the tests from here:

    from tests.app.venues.port_contract import *  # noqa: F403
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal as D
from typing import Any, Protocol

import pytest

from app.domain.errors import Retry
from app.domain.market_data import Book
from app.domain.order import Position
from app.venues.port import Books, VenuePort
from tests.builders import MS, PAIR, START, book, venue_order

__all__ = [
    "Lost",
    "VenueFactory",
    "test_a_book_is_found_behind_the_position_and_never_before_it",
    "test_a_book_is_of_that_venue_and_pair",
    "test_a_book_is_the_first_at_or_after_the_instant_in_the_order_of_the_channel",
    "test_a_buy_moves_both_balances_by_fills_and_fee",
    "test_a_cancelled_order_keeps_what_it_filled",
    "test_a_lost_answer_is_retry_and_the_order_was_worked",
    "test_a_refused_order_is_a_report_with_a_code_and_moves_nothing",
    "test_a_sell_moves_both_balances_by_fills_and_fee",
    "test_an_order_fills_best_level_first_and_not_past_its_limit",
    "test_an_order_fills_in_part_where_there_is_no_more",
    "test_an_order_that_finds_no_price_fills_nothing",
    "test_an_order_that_was_never_placed_is_unknown",
    "test_fills_add_up_and_lie_inside_the_limit",
    "test_the_same_client_order_id_again_gives_the_same_report_and_moves_nothing",
    "test_two_orders_are_told_apart",
    "test_what_was_placed_can_be_fetched",
]


class VenueFactory(Protocol):
    """Makes a venue that shows `asks` and `bids` of PAIR, holds `funds`, and takes `fee_bps`.

    `refuses`: it says no to every order. `loses`: it works every order and loses its answer.
    """

    def __call__(
        self,
        *,
        asks: Sequence[tuple[str, str]] = (("100", "2"), ("101", "3")),
        bids: Sequence[tuple[str, str]] = (("99", "2"), ("98", "3")),
        funds: Mapping[str, str] = {"USDT": "1000", "BTC": "10"},
        fee_bps: str = "0",
        refuses: bool = False,
        loses: bool = False,
    ) -> VenuePort: ...


Lost = Callable[[], Any]


def buy(amount: str = "1", limit: str | None = "100", identity: str = "t1") -> Any:
    return venue_order(amount, limit, identity=identity, levels=None)


def sell(amount: str = "1", limit: str | None = "99", identity: str = "t1") -> Any:
    return venue_order(amount, limit, side="sell", identity=identity, levels=None)


async def test_an_order_fills_best_level_first_and_not_past_its_limit(venue_of: VenueFactory) -> None:
    report = await venue_of().place(buy("9", "100.5"))

    assert (report.status, [(one.price, one.amount) for one in report.fills]) == ("partial", [(D(100), D(2))])


async def test_an_order_fills_in_part_where_there_is_no_more(venue_of: VenueFactory) -> None:
    report = await venue_of().place(sell("9", "1"))

    assert (report.status, report.filled) == ("partial", 5)
    assert [one.price for one in report.fills] == [99, 98]


@pytest.mark.parametrize("order", [buy("1", "99.99"), sell("1", "99.01")])
async def test_an_order_that_finds_no_price_fills_nothing(venue_of: VenueFactory, order: Any) -> None:
    venue = venue_of()

    report = await venue.place(order)

    assert (report.status, report.fills, report.client_order_id) == ("none", (), order.client_order_id)
    assert await venue.balances() == {"USDT": 1000, "BTC": 10}


@pytest.mark.parametrize("order", [buy("4", "101"), buy("4", None), sell("4", "98"), sell("4", None)])
async def test_fills_add_up_and_lie_inside_the_limit(venue_of: VenueFactory, order: Any) -> None:
    report = await venue_of(fee_bps="10").place(order)

    assert (report.status, report.filled) == ("filled", 4)
    for one in report.fills:
        assert one.amount > 0
        assert one.fee >= 0
        assert one.at >= order.arrives_at
        if order.limit_price is not None:
            assert one.price <= order.limit_price if order.side == "buy" else one.price >= order.limit_price


async def test_a_buy_moves_both_balances_by_fills_and_fee(venue_of: VenueFactory) -> None:
    venue = venue_of(fee_bps="10")

    report = await venue.place(buy("2"))

    fees: dict[str, D] = {"USDT": D(0), "BTC": D(0)}
    for one in report.fills:
        fees[one.fee_asset] += one.fee
    assert await venue.balances() == {"USDT": 800 - fees["USDT"], "BTC": 12 - fees["BTC"]}
    assert any(fees.values())


async def test_a_sell_moves_both_balances_by_fills_and_fee(venue_of: VenueFactory) -> None:
    venue = venue_of(fee_bps="10")

    report = await venue.place(sell("2"))

    assert {one.fee_asset for one in report.fills} == {"USDT"}
    assert await venue.balances() == {"USDT": 1198 - D("0.198"), "BTC": 8}


async def test_the_same_client_order_id_again_gives_the_same_report_and_moves_nothing(venue_of: VenueFactory) -> None:
    venue = venue_of()
    first = await venue.place(buy())
    held = await venue.balances()

    assert await venue.place(buy()) == first
    assert await venue.balances() == held


async def test_two_orders_are_told_apart(venue_of: VenueFactory) -> None:
    venue = venue_of()
    first, second = await venue.place(buy(identity="t1")), await venue.place(buy(identity="t2"))

    assert first.client_order_id != second.client_order_id
    assert await venue.fetch(first.client_order_id) == first
    assert await venue.fetch(second.client_order_id) == second


async def test_what_was_placed_can_be_fetched(venue_of: VenueFactory) -> None:
    venue = venue_of()
    report = await venue.place(buy())

    assert await venue.fetch(report.client_order_id) == report


async def test_an_order_that_was_never_placed_is_unknown(venue_of: VenueFactory) -> None:
    assert await venue_of().fetch("cb0123456789") is None
    assert await venue_of().cancel("cb0123456789") is None


async def test_a_cancelled_order_keeps_what_it_filled(venue_of: VenueFactory) -> None:
    venue = venue_of()
    report = await venue.place(buy("9", "101"))

    found = await venue.cancel(report.client_order_id)

    assert found is not None
    assert found.filled == report.filled == 5


async def test_a_refused_order_is_a_report_with_a_code_and_moves_nothing(venue_of: VenueFactory) -> None:
    venue = venue_of(refuses=True)

    report = await venue.place(buy())

    assert (report.status, report.fills, bool(report.code)) == ("refused", (), True)
    assert await venue.fetch(report.client_order_id) == report
    assert await venue.balances() == {"USDT": 1000, "BTC": 10}


async def test_a_lost_answer_is_retry_and_the_order_was_worked(venue_of: VenueFactory) -> None:
    venue = venue_of(loses=True)
    order = buy()

    with pytest.raises(Retry):
        await venue.place(order)

    report = await venue.fetch(order.client_order_id)
    assert report is not None
    assert report.filled == 1
    assert await venue.balances() == {"USDT": 900, "BTC": 11}


# books: `books_of` makes one that holds these, each (offset, book), in one partition


def position(offset: int) -> Position:
    return Position("market_data", 0, offset)


BooksFactory = Callable[[Sequence[tuple[int, Book]]], Books]


async def test_a_book_is_found_behind_the_position_and_never_before_it(books_of: BooksFactory) -> None:
    held = [(5, book(sequence=5, at=START)), (6, book(sequence=6, at=START)), (7, book(sequence=7, at=START))]

    found = await books_of(held).after(position(5), "a", PAIR, START)

    assert found is not None
    assert found.sequence == 6


async def test_a_book_is_the_first_at_or_after_the_instant_in_the_order_of_the_channel(books_of: BooksFactory) -> None:
    times = [START, START + 9 * MS, START + 12 * MS, START + 10 * MS]
    held = [(number, book(sequence=number, at=at)) for number, at in enumerate(times)]

    found = await books_of(held).after(position(-1), "a", PAIR, START + 10 * MS)

    assert found is not None
    assert found.sequence == 2


async def test_a_book_is_of_that_venue_and_pair(books_of: BooksFactory) -> None:
    held = [(0, book(venue="b")), (1, book(pair="ETH/USDT")), (2, book(sequence=2))]
    books = books_of(held)

    found = await books.after(position(-1), "a", PAIR, START)

    assert found == held[2][1]
    assert await books.after(position(2), "a", PAIR, START) is None
