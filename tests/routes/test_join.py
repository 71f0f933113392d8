"""Join each: what every venue quotes at every update."""

from typing import Any

from app.domain.market_data import Book
from app.domain.opportunity import Instant, Moved, Quote, Unfit
from routes.join import State, join
from tests.builders import PAIR, SECOND, START, book, end, instant, origin, quote


def joined(*bodies: Any) -> tuple[list[Any], dict[str, int]]:
    handle, state = join(), State(PAIR)
    found = [one for number, body in enumerate(bodies) for one in handle(body, origin(number), state)]
    return [one for one in found if type(one) is Instant], state.counts.by_name


def at(venue: str, seconds: int = 0, bid: str = "99") -> Quote:
    return quote(bid, venue=venue, at=START + seconds * SECOND)


def unfit(venue: str, seconds: int = 0) -> Unfit:
    gone: Book = book("", "", venue=venue, at=START + seconds * SECOND)
    return Unfit(gone)


def test_one_venue_alone_joins_nothing() -> None:
    assert joined(at("a"), at("a", 1)) == ([], {})


def test_every_update_joins_the_latest_of_each_venue() -> None:
    found, counts = joined(at("b"), at("a", 1), at("b", 2, "98"))

    assert found == [
        instant(at("a", 1), at("b"), at=START + SECOND, changed="a"),
        instant(at("a", 1), at("b", 2, "98"), at=START + 2 * SECOND, changed="b"),
    ]
    assert counts == {"joined": 2}


def test_a_tie_in_event_time_joins_in_the_order_of_arrival() -> None:
    found, _ = joined(at("a"), at("b"), at("c"))

    assert [[one.book.venue for one in each.quotes] for each in found] == [["a", "b"], ["a", "b", "c"]]


def test_a_book_older_than_its_venue_s_last_is_late() -> None:
    found, counts = joined(at("a", 1), at("b", 1), at("a", 0, "98"))

    assert (len(found), counts) == (1, {"joined": 1, "late": 1})


def test_a_venue_whose_book_became_unfit_is_gone_until_its_next_fit_one() -> None:
    found, _ = joined(at("a"), at("b"), unfit("a", 1), at("b", 2), at("a", 3))

    assert [(each.gone, each.changed, len(each.quotes)) for each in found] == [
        ("", "b", 2), ("a", "", 1), ("", "a", 2),
    ]  # fmt: skip


def test_an_unfit_book_of_a_venue_that_is_not_joined_says_nothing() -> None:
    assert joined(at("a"), unfit("b")) == ([], {})


def test_an_unfit_book_older_than_its_venue_s_last_is_late_and_forgets_nothing() -> None:
    found, counts = joined(at("a", 1), unfit("a", 0), at("b", 1))

    assert (len(found), counts) == (1, {"joined": 1, "late": 1})


def test_a_book_from_before_the_unfit_one_does_not_bring_its_venue_back() -> None:
    found, counts = joined(at("a"), at("b"), unfit("a", 2), at("a", 1))

    assert ([each.gone for each in found], counts) == (["", "a"], {"joined": 1, "late": 1})


def test_marks_pass() -> None:
    assert list(join()(end(), origin(), State(PAIR))) == [end()]


def test_a_pair_that_moves_away_ends_what_was_joined_and_is_joined_anew_when_it_comes_back() -> None:
    moved = Moved(START + 3 * SECOND)

    found, _ = joined(at("a"), at("b", 1), moved, moved, at("a", 4), at("b", 5))

    assert [(one.at - START, one.complete, len(one.quotes)) for one in found] == [
        (SECOND, True, 2), (3 * SECOND, False, 0), (5 * SECOND, True, 2),
    ]  # fmt: skip
