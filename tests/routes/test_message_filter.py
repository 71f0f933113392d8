"""Every book is counted once: passed, or a reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Reject
from app.domain.market_data import Book, Trade
from app.domain.opportunity import Quote, Tally, Unfit
from routes.message_filter import Seen, State, message_filter
from tests.builders import MS, PAIR, SECOND, START, book, end, origin, tick


def filtered(*books: Any, **changes: Any) -> tuple[list[Any], dict[str, int]]:
    """What passes, and what is counted."""
    options: dict[str, Any] = {
        "venues": {"a", "b"}, "pairs": (), "max_age_ns": 10 * SECOND, "future_ns": 60 * SECOND,
    }  # fmt: skip
    handle, state = message_filter(**{**options, **changes}), State(PAIR)
    passed = [found for number, one in enumerate(books) for found in handle(one, origin(number), state)]
    return passed, state.counts.by_name


def test_a_fit_book_passes_with_its_prices_and_place() -> None:
    passed, counts = filtered(book("99", "101"))

    assert passed == [Quote(book("99", "101"), 99.0, 101.0, 0, 0)]
    assert counts == {"passed": 1}


@pytest.mark.parametrize(
    ("reason", "unfit"),
    [
        ("all_zero", book(bids=(("0", "0"),), asks=(("0", "0"),))),
        ("empty_side", book("", "101")),
        ("empty_side", book("99", "")),
        ("empty_side", book("", "")),
        ("locked", book("100", "100")),
        ("locked", book("100", "100.00")),
        ("crossed", book("101", "100")),
    ],
)
def test_an_unfit_book_is_counted_and_its_venue_forgotten(reason: str, unfit: Book) -> None:
    passed, counts = filtered(unfit)

    assert passed == [Unfit(unfit)]
    assert counts == {reason: 1}


def test_a_book_whose_sides_only_decimals_tell_apart_is_not_locked() -> None:
    passed, counts = filtered(book("100.00000000000000000001", "100.00000000000000000002"))

    assert counts == {"passed": 1}
    assert len(passed) == 1


def test_a_book_that_only_decimals_show_to_be_crossed_is_crossed() -> None:
    _, counts = filtered(book("100.00000000000000000002", "100.00000000000000000001"))

    assert counts == {"crossed": 1}


@pytest.mark.parametrize(("behind", "reason"), [(10 * SECOND, "passed"), (10 * SECOND + 1, "stale")])
def test_a_book_further_behind_the_newest_of_its_pair_than_allowed_is_stale(behind: int, reason: str) -> None:
    passed, counts = filtered(book(at=START), book(venue="b", at=START - behind))

    assert counts.get(reason, 0) == (2 if reason == "passed" else 1)
    assert len(passed) == (2 if reason == "passed" else 1)


def test_stale_is_never_judged_by_the_exchange_s_clock() -> None:
    _, counts = filtered(book(at=START, exchange_time=START - 3600 * SECOND))

    assert counts == {"passed": 1}


@pytest.mark.parametrize(("ahead", "reason"), [(60 * SECOND, "passed"), (60 * SECOND + 1, "future")])
def test_an_exchange_time_over_60_s_ahead_is_in_the_future(ahead: int, reason: str) -> None:
    _, counts = filtered(book(exchange_time=START + ahead))

    assert counts == {reason: 1}


def test_how_far_ahead_is_future_is_a_setting() -> None:
    _, counts = filtered(book(exchange_time=START + 2), future_ns=1)

    assert counts == {"future": 1}


def test_a_book_from_the_future_ages_no_other() -> None:
    _, counts = filtered(book(at=START + 90 * SECOND, exchange_time=START + 900 * SECOND), book(sequence=2))

    assert counts == {"future": 1, "passed": 1}


def test_the_same_number_of_the_same_source_is_a_duplicate() -> None:
    passed, counts = filtered(book(), book("98", "102"))

    assert counts == {"passed": 1, "duplicate": 1}
    assert len(passed) == 1


@pytest.mark.parametrize("other", [book(sequence=2), book(venue="b"), book(source="another")])
def test_the_same_content_alone_is_no_duplicate(other: Book) -> None:
    _, counts = filtered(book(), other)

    assert counts == {"passed": 2}


def test_a_number_of_another_pair_is_no_duplicate() -> None:
    handle = message_filter(venues={"a"}, pairs=(), max_age_ns=SECOND, future_ns=SECOND)
    mine, other = State(PAIR), State("ETH/USDT")

    list(handle(book(), origin(), mine))
    list(handle(book(pair="ETH/USDT"), origin(), other))

    assert (mine.counts.by_name, other.counts.by_name) == ({"passed": 1}, {"passed": 1})


@given(st.permutations(range(60)), st.lists(st.integers(0, 59), max_size=60))
def test_numbers_out_of_order_are_seen_once_each(first: list[int], again: list[int]) -> None:
    seen = Seen()

    assert [seen.again(number) for number in first] == [False] * 60
    assert [seen.again(number) for number in again] == [True] * len(again)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=400))
def test_nothing_that_was_seen_passes_again_however_long_ago(steps: list[int]) -> None:
    seen, before = Seen(), set()
    number = 0
    for step in steps:
        number = max(0, number + step - 5)
        again = seen.again(number)
        assert again or number not in before
        before.add(number)

    assert all(seen.again(number) for number in before)
    assert len(seen.recent) <= 64


def test_a_number_of_long_ago_is_a_duplicate_and_costs_no_memory() -> None:
    seen = Seen()

    assert not any(seen.again(number) for number in range(1_000))
    assert all(seen.again(number) for number in range(1_000))
    assert len(seen.recent) == 64


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("venue", book(venue="nowhere")),
        ("venue", book(venue="")),
        ("pair", book(pair="BTCUSDT")),
        ("pair", book(pair="btc/usdt")),
        ("pair", book(pair="BTC/USDT/X")),
        ("pair", book(pair="BTC/USDT\n")),
        ("venue", Trade("nowhere", PAIR, "rec", 1, START, None, "1", "1", "buy")),
        ("pair", Trade("a", "?", "rec", 1, START, None, "1", "1", "buy")),
        ("bids[0].price", book("NaN")),
    ],
)
def test_what_is_of_no_venue_or_pair_we_know_is_rejected(field: str, body: Any) -> None:
    with pytest.raises(Reject) as found:
        filtered(body)

    assert found.value.field == field


def test_a_pair_that_is_not_listed_is_rejected_where_pairs_are_listed() -> None:
    with pytest.raises(Reject, match="unknown pair"):
        filtered(book(), pairs={"ETH/USDT"})


def test_an_invalid_book_does_not_use_up_its_number() -> None:
    handle, state = message_filter(venues={"a"}, pairs=(), max_age_ns=SECOND, future_ns=SECOND), State(PAIR)

    with pytest.raises(Reject):
        handle(book("NaN"), origin(), state)
    passed = list(handle(book(), origin(), state))

    assert len(passed) == 1


def test_a_trade_is_counted_and_goes_no_further() -> None:
    passed, counts = filtered(Trade("a", PAIR, "rec", 1, START, None, "1", "1", "buy"))

    assert (passed, counts) == ([], {"trades": 1})


def test_a_mark_passes_behind_the_counts_so_far() -> None:
    passed, _ = filtered(book(), book(), end())

    _, told, mark = passed
    assert told.body == Tally("message_filter", PAIR, 0, START, {"passed": 1, "duplicate": 1})
    assert mark == end()


def test_counts_are_told_at_most_every_10_s_of_event_time() -> None:
    passed, _ = filtered(
        book(), tick(START), book(sequence=2), tick(START + 9_999 * MS), tick(START + 10_000 * MS), tick(START + 10**12)
    )

    assert [found.body.event_time for found in passed if hasattr(found, "body") and hasattr(found, "channel")] == [
        START,
        START + 10_000 * MS,
    ]
