"""What we took is withheld until that level changes."""

from decimal import Decimal as D
from math import inf
from typing import Any

import msgspec
import pytest

from app.domain.depletion import Side, Withheld
from app.domain.opportunity import Instant
from routes.content_filter import content_filter
from routes.sizing import State
from tests.builders import PAIR, instant, origin, quote

LEVELS = (("100", "2"), ("101", "3"))


def after(*amounts: str) -> Side:
    withheld = Side()
    for amount in amounts:
        withheld.take(withheld.less(LEVELS), D(amount))
    return withheld


@pytest.mark.parametrize(
    ("amounts", "left"),
    [
        (["0.5"], (("100", "1.5"), ("101", "3"))),
        (["2"], (("101", "3"),)),
        (["3"], (("101", "2"),)),
        (["0.5", "0.5"], (("100", "1"), ("101", "3"))),
        (["1", "1", "1"], (("101", "2"),)),
        (["5"], ()),
        ([], LEVELS),
    ],
)
def test_what_was_taken_is_missing_best_level_first(amounts: list[str], left: tuple) -> None:
    assert after(*amounts).less(LEVELS) == left


def test_a_level_that_shows_another_size_is_whole_again() -> None:
    withheld = after("1")
    changed = (("100", "2.5"), ("101", "3"))

    withheld.see(changed)

    assert withheld.less(changed) == changed


def test_a_level_that_changed_and_changed_back_is_whole() -> None:
    withheld = after("1")

    withheld.see((("100", "2.5"), ("101", "3")))
    withheld.see(LEVELS)

    assert withheld.less(LEVELS) == LEVELS


def test_a_level_that_was_gone_is_whole_when_it_comes_back() -> None:
    withheld = after("1")

    withheld.see((("101", "3"),))
    withheld.see(LEVELS)

    assert withheld.less(LEVELS) == LEVELS


def test_a_level_that_stays_keeps_what_was_taken_whatever_others_do() -> None:
    withheld = after("3")

    withheld.see((("99", "1"), ("100", "9"), ("101", "3")))

    assert withheld.less((("99", "1"), ("100", "9"), ("101", "3"))) == (("99", "1"), ("100", "9"), ("101", "2"))


def test_sizes_keep_their_last_digit() -> None:
    withheld = Side()
    levels = (("1", "12345678.000000000000000001"),)
    withheld.take(levels, D("0.000000000000000001"))

    assert withheld.less(levels) == (("1", "12345678"),)


def filtered(state: State, *quotes: Any) -> Instant:
    (found,) = content_filter()(instant(*quotes), origin(), state)
    return found  # type: ignore[no-any-return]


def taken(**amounts: str) -> State:
    state = State(PAIR)
    for place, amount in amounts.items():
        venue, side = place.split("_")
        level = ("100", "1") if side == "asks" else ("110", "1")
        withheld = state.withheld.setdefault(venue, Withheld())
        getattr(withheld, side).take((level,), D(amount))
    return state


LOW, HIGH = quote("99", "100"), quote("110", "111", venue="b")


def test_an_instant_shows_what_is_left_and_its_best_prices() -> None:
    low = quote(bids=(("99", "1"),), asks=(("100", "1"), ("102", "1")))

    found = filtered(taken(a_asks="1"), low, HIGH)

    assert found.quotes[0].book.asks == (("102", "1"),)
    assert (found.quotes[0].bid, found.quotes[0].ask) == (99.0, 102.0)
    assert found.quotes[1] == HIGH


def test_a_side_of_which_we_took_all_offers_nothing_and_the_other_stays() -> None:
    left, high = filtered(taken(a_asks="1"), LOW, HIGH).quotes

    assert (left.book.asks, left.ask) == ((), inf)
    assert (left.book.bids, left.bid) == (LOW.book.bids, 99.0)
    assert high == HIGH


def test_what_is_withheld_no_more_is_forgotten() -> None:
    state = taken(a_asks="0.5")
    fresh = quote("99", "100", size="7")

    assert filtered(state, fresh, HIGH).quotes == (fresh, HIGH)
    assert state.withheld == {}


def test_where_nothing_was_taken_the_instant_is_the_very_same() -> None:
    before = instant(LOW, HIGH)

    (found,) = content_filter()(before, origin(), State(PAIR))

    assert found is before


def test_what_is_withheld_survives_the_worker() -> None:
    state = taken(a_asks="0.5", b_bids="1")

    found = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=State)

    assert filtered(found, LOW, HIGH) == filtered(state, LOW, HIGH)
