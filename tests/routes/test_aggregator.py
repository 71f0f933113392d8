"""Join aligned: an instant is whole, or it is dropped, counted, and closes what was open."""

from typing import Any

import pytest

from app.domain.opportunity import Instant, Moved, Quote, Unfit
from routes.aggregator import State, aggregator
from tests.builders import PAIR, SECOND, START, book, end, instant, origin, quote, tick

TIMEOUT = 5 * SECOND


def aligned(*bodies: Any, expected: tuple[str, ...] = ("a", "b")) -> tuple[list[Any], dict[str, int]]:
    handle, state = aggregator(expected=frozenset(expected), timeout_ns=TIMEOUT), State(PAIR)
    found = [one for number, body in enumerate(bodies) for one in handle(body, origin(number), state)]
    return [one for one in found if type(one) is Instant], state.counts.by_name


def at(venue: str, seconds: int = 0, bid: str = "99") -> Quote:
    return quote(bid, venue=venue, at=START + seconds * SECOND)


def short(seconds: int = 0) -> Instant:
    return Instant(PAIR, START + seconds * SECOND, (), complete=False)


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_an_instant_is_joined_when_all_expected_venues_have_reported(order: str) -> None:
    found, counts = aligned(*(at(venue) for venue in order))

    assert (found, counts) == ([instant(at("a"), at("b"))], {"joined": 1})


def test_books_of_two_instants_are_never_joined() -> None:
    found, counts = aligned(at("a"), at("b", 1))

    assert (found, counts) == ([short()], {"incomplete": 1})


def test_a_later_instant_closes_the_one_that_came_short_before_it_joins() -> None:
    found, counts = aligned(at("a"), at("a", 1), at("b", 1))

    assert found == [short(), instant(at("a", 1), at("b", 1), at=START + SECOND)]
    assert counts == {"incomplete": 1, "joined": 1}


def test_a_book_of_an_instant_that_has_passed_is_late() -> None:
    found, counts = aligned(at("a", 1), at("b", 0), at("b", 1))

    assert (len(found), counts) == (1, {"late": 1, "joined": 1})


def test_a_second_book_of_a_venue_in_one_instant_is_late() -> None:
    found, counts = aligned(at("a", bid="98"), at("a", bid="97"), at("b"))

    assert found == [instant(at("a", bid="98"), at("b"))]
    assert counts == {"late": 1, "joined": 1}


def test_a_book_behind_a_whole_instant_is_late() -> None:
    _, counts = aligned(at("a"), at("b"), at("b", bid="98"))

    assert counts == {"joined": 1, "late": 1}


@pytest.mark.parametrize(("waited", "found"), [(TIMEOUT - 1, []), (TIMEOUT, [short()])])
def test_a_tick_at_the_time_out_ends_an_instant_that_is_short(waited: int, found: list[Instant]) -> None:
    assert aligned(at("a"), tick(START + waited))[0] == found


def test_a_book_that_comes_after_the_time_out_is_late() -> None:
    found, counts = aligned(at("a"), tick(START + TIMEOUT), at("b"))

    assert (found, counts) == ([short()], {"incomplete": 1, "late": 1})


def test_a_time_out_ends_an_instant_once() -> None:
    _, counts = aligned(at("a"), tick(START + TIMEOUT), tick(START + 2 * TIMEOUT, 2), end(START + 2 * TIMEOUT))

    assert counts == {"incomplete": 1}


def test_the_end_of_the_feed_ends_what_is_short_at_once() -> None:
    assert aligned(at("a"), end())[0] == [short()]


def test_the_end_of_the_feed_leaves_a_whole_instant_alone() -> None:
    assert aligned(at("a"), at("b"), end())[1] == {"joined": 1}


def test_a_tick_before_the_first_book_says_nothing() -> None:
    assert aligned(tick()) == ([], {})


def test_an_unfit_book_leaves_its_instant_short() -> None:
    found, counts = aligned(at("a"), Unfit(book("", "", venue="b")), at("a", 1))

    assert (found, counts) == ([short()], {"incomplete": 1})


def test_an_instant_of_unfit_books_alone_is_incomplete_too() -> None:
    assert aligned(Unfit(book("", "")), end())[1] == {"incomplete": 1}


def test_venues_stand_by_name() -> None:
    (found,), _ = aligned(at("c"), at("a"), at("b"), expected=("a", "b", "c"))

    assert [one.book.venue for one in found.quotes] == ["a", "b", "c"]


def test_a_mark_goes_on_behind_what_it_ended() -> None:
    handle, state = aggregator(expected=frozenset("ab"), timeout_ns=TIMEOUT), State(PAIR)
    list(handle(at("a"), origin(), state))

    found = list(handle(end(), origin(2), state))

    assert (found[0], found[-1]) == (short(), end())


def test_a_pair_that_moves_away_ends_what_was_open_once_and_counts_no_instant_short() -> None:
    found, counts = aligned(at("a"), at("b"), Moved(START + SECOND), Moved(START + SECOND), at("a", 2), at("b", 2))

    assert [(one.at - START, one.complete) for one in found] == [(0, True), (SECOND, False), (2 * SECOND, True)]
    assert counts == {"joined": 2}
