"""What pays opens once, stays open while it pays, and closes; what crosses and does not pay is a near miss."""

from decimal import Decimal as D
from fractions import Fraction
from math import inf
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.identity import short_id
from app.domain.opportunity import Candidate, Instant, NearMiss, OpportunityClosed, Quote, Tally
from app.domain.venue import VenueProfile
from app.engine.step import Step
from routes.detector import State, detector
from routes.end_of_feed import State as EndState
from routes.end_of_feed import end_of_feed
from tests.builders import MS, PAIR, SECOND, START, end, instant, origin, profile, profiles, quote, run

LOW, HIGH = quote("99", "100"), quote("110", "111", venue="b")
FIRST = short_id("opp", PAIR, "a>b", "m1")
PAYING = instant(LOW, HIGH)
QUIET = instant(LOW, quote("99.5", "100.5", venue="b"))
GONE = instant(LOW, gone="b")
INCOMPLETE = Instant(PAIR, START, (), complete=False)
Found = tuple[list[Any], State]


def detected(*bodies: Any, trade: str = "opened", fee_bps: str = "0", **changes: Any) -> Found:
    """What goes on and what is told, tallies aside, with the state behind it."""
    known = profiles(*(profile(name, fee_bps=fee_bps) for name in "abc"))
    options: dict[str, Any] = {"profiles": known, "trade": trade, "max_age_ns": 10 * SECOND}
    handle, state = detector(**{**options, **changes}), State(PAIR)
    found = [one for number, body in enumerate(bodies, 1) for one in handle(body, origin(number), state)]
    told = [getattr(one, "body", one) for one in found]
    return [one for one in told if type(one) in (Candidate, OpportunityClosed, NearMiss)], state


def kinds(found: list[Any]) -> list[str]:
    return [type(one).__name__ for one in found]


def test_a_direction_that_pays_is_a_candidate_with_its_two_books() -> None:
    (candidate,), state = detected(PAYING)

    assert (candidate.crossing.buy_venue, candidate.crossing.sell_venue) == ("a", "b")
    assert (candidate.crossing.ask, candidate.crossing.bid) == ("100", "110")
    assert (candidate.buy, candidate.sell) == (LOW, HIGH)
    assert candidate.net_edge_bps == D(1000)
    assert candidate.opportunity_id == short_id("opp", "BTC/USDT", "a>b", "m1")
    assert state.counts.by_name == {"paying:a>b": 1, "opened:a>b": 1}


@pytest.mark.parametrize(("trade", "candidates"), [("opened", [FIRST]), ("every", [FIRST, FIRST])])
def test_while_it_pays_it_is_one_opportunity(trade: str, candidates: list[str]) -> None:
    found, state = detected(PAYING, PAYING, trade=trade)

    assert [one.opportunity_id for one in found] == candidates
    assert state.counts.by_name == {"paying:a>b": 2, "opened:a>b": 1}


@pytest.mark.parametrize("ending", [QUIET, GONE, INCOMPLETE])
def test_it_closes_at_the_first_instant_that_does_not_pay_and_opens_anew(ending: Instant) -> None:
    found, state = detected(PAYING, PAYING, ending, PAYING)

    assert kinds(found) == ["Candidate", "OpportunityClosed", "Candidate"]
    assert found[1] == OpportunityClosed(FIRST, PAIR, "a", "b", START, START, 2, D(1000))
    assert found[2].opportunity_id == short_id("opp", "BTC/USDT", "a>b", "m4")
    assert state.counts.by_name["opened:a>b"] == 2


def test_it_closes_where_the_edge_falls_under_the_fees() -> None:
    found, _ = detected(PAYING, instant(LOW, quote("100.1", "111", venue="b")), fee_bps="100")

    assert kinds(found) == ["Candidate", "OpportunityClosed", "NearMiss"]


def test_the_closing_says_the_best_edge_and_how_long_it_paid() -> None:
    better = instant(LOW, quote("120", "121", venue="b"), at=START + SECOND)
    last = instant(LOW, quote("99", "121", venue="b"), at=START + 2 * SECOND)

    found, _ = detected(PAYING, better, PAYING, last)

    closed = found[-1]
    assert (closed.best_net_edge_bps, closed.paying_instants, closed.closed_at - closed.opened_at, closed.ended) == (
        D(2000), 3, 2 * SECOND, True,
    )  # fmt: skip


def test_what_is_still_open_at_the_end_is_closed_as_not_ended() -> None:
    found, _ = detected(PAYING, end(START + SECOND))

    assert found[-1] == OpportunityClosed(FIRST, PAIR, "a", "b", START, START + SECOND, 1, D(1000), ended=False)


def test_a_venue_that_went_closes_only_what_it_takes_part_in() -> None:
    third = quote("110", "111", venue="c")

    _, state = detected(instant(LOW, HIGH, third), instant(LOW, third, gone="b"))

    assert list(state.paying.on) == ["a>c"]


def test_a_side_of_which_we_took_all_closes_what_it_takes_part_in() -> None:
    taken = msgspec.structs.replace(LOW, book=msgspec.structs.replace(LOW.book, asks=()), ask=inf)

    found, state = detected(instant(LOW, HIGH, changed="b"), instant(taken, HIGH, changed="a"))

    assert kinds(found) == ["Candidate", "OpportunityClosed"]
    assert state.paying.on == {}


def test_only_directions_of_the_venue_that_changed_are_looked_at() -> None:
    third = quote("99", "111", venue="c")

    found, state = detected(instant(LOW, HIGH, changed="b"), instant(LOW, HIGH, third, changed="c"), trade="every")

    assert (len(found), state.counts.by_name["paying:a>b"]) == (1, 1)


def test_a_crossing_under_the_fees_is_one_near_miss_from_its_first_to_its_last_instant() -> None:
    def crossing(bid: str, seconds: int) -> Instant:
        return instant(LOW, quote(bid, "111", venue="b"), at=START + seconds * SECOND)

    found, state = detected(
        crossing("100.1", 0), crossing("100.5", 1), crossing("100.2", 2), QUIET, end(), fee_bps="100"
    )

    first, last = found
    assert (first.instants, first.first_at, first.last_at) == (1, START, START)
    assert (last.near_miss_id, last.code) == (first.near_miss_id, "EDGE_BELOW_FEES")
    assert (last.instants, last.first_at, last.last_at) == (3, START, START + 2 * SECOND)
    assert last.best_gross_edge_bps == D(50)
    assert state.counts.by_name == {"near_miss:EDGE_BELOW_FEES": 3}


@pytest.mark.parametrize("between", [QUIET, GONE, INCOMPLETE])
def test_a_near_miss_that_was_interrupted_is_two_spells(between: Instant) -> None:
    miss = instant(LOW, quote("100.1", "111", venue="b"))

    found, _ = detected(miss, between, miss, fee_bps="100")

    assert [one.near_miss_id for one in found] == [
        short_id("near", PAIR, "a>b", "EDGE_BELOW_FEES", message) for message in ("m1", "m3")
    ]


def test_another_code_is_another_spell() -> None:
    miss = instant(LOW, quote("100.1", "111", venue="b"))
    old = instant(LOW, quote("100.1", "111", venue="b", at=START + 11 * SECOND), at=START + 11 * SECOND)

    found, _ = detected(miss, miss, old, fee_bps="100")

    assert [(one.code, one.instants) for one in found] == [
        ("EDGE_BELOW_FEES", 1), ("EDGE_BELOW_FEES", 2), ("STALE_BOOK", 1),
    ]  # fmt: skip


def test_what_a_third_venue_does_breaks_no_spell() -> None:
    miss = instant(LOW, quote("100.1", "111", venue="b"), quote("50", "200", venue="c"), changed="b")
    other = instant(LOW, quote("100.1", "111", venue="b"), quote("51", "200", venue="c"), changed="c")

    found, _ = detected(miss, other, miss, QUIET, fee_bps="100")

    assert [one.instants for one in found] == [1, 2]


def test_a_spell_of_one_instant_is_told_once() -> None:
    found, _ = detected(instant(LOW, quote("100.1", "111", venue="b")), end(), fee_bps="100")

    assert len(found) == 1


@pytest.mark.parametrize(("age", "kind"), [(10_000 * MS, "Candidate"), (10_001 * MS, "NearMiss")])
def test_a_stale_book_offers_no_opportunity(age: int, kind: str) -> None:
    old = instant(LOW, quote("110", "111", venue="b", at=START + age), at=START + age)

    (found,), _ = detected(old)

    assert type(found).__name__ == kind
    assert getattr(found, "code", "STALE_BOOK") == "STALE_BOOK"


def test_a_book_that_grows_stale_closes_what_paid() -> None:
    old = instant(LOW, quote("110", "111", venue="b", at=START + 11 * SECOND), at=START + 11 * SECOND)

    found, _ = detected(PAYING, old)

    assert kinds(found) == ["Candidate", "OpportunityClosed", "NearMiss"]


@pytest.mark.parametrize(("bid", "pays"), [("101", False), ("101.0000000000000001", True), ("100.9999999999", False)])
def test_it_pays_strictly_at_the_exact_boundary(bid: str, pays: bool) -> None:
    """With a buyer's fee of 100 bp on 100, 101 is just not enough."""
    known = profiles(profile("a", fee_bps="100"), profile("b"))

    found, _ = detected(instant(LOW, quote(bid, "111", venue="b")), profiles=known)

    assert kinds(found) == (["Candidate"] if pays else ["NearMiss"])


@pytest.mark.parametrize(
    ("bid", "kinds_"), [("100.00000000000000000001", ["Candidate"]), ("100", []), ("99.99999999999999999999", [])]
)
def test_a_difference_that_floats_cannot_see_decides(bid: str, kinds_: list[str]) -> None:
    found, _ = detected(instant(LOW, quote(bid, "111", venue="b")))

    assert kinds(found) == kinds_


def _pays(bid: str, ask: str, buy: VenueProfile, sell: VenueProfile) -> bool:
    earned = Fraction(bid) * (1 - Fraction(sell.fee_bps) / 10_000)
    paid = Fraction(ask) * (1 + Fraction(buy.fee_bps) / 10_000)
    if buy.fee_in == "base":
        return earned * (1 - Fraction(buy.fee_bps) / 10_000) > Fraction(ask)
    return earned > paid


fees = st.integers(0, 20_000).map(lambda units: str(D(units) / 100))
scales = st.integers(0, 18)


@given(st.data(), fees, fees, st.sampled_from(["quote", "base"]), scales, st.integers(-3, 3))
def test_detection_agrees_with_exact_fractions(
    data: st.DataObject, buy_fee: str, sell_fee: str, fee_in: Any, scale: int, nudge: int
) -> None:
    """Half of all cases lie at most three units in the last place from the boundary."""
    buy, sell = profile("a", fee_bps=buy_fee, fee_in=fee_in), profile("b", fee_bps=sell_fee)
    units = data.draw(st.integers(1, 10**24))
    ask = format(D(units).scaleb(-scale), "f")
    if data.draw(st.booleans()):
        b = Fraction(buy.fee_bps) / 10_000
        factor = 1 / (1 - b) if fee_in == "base" else 1 + b
        edge = Fraction(units) * factor / (1 - Fraction(sell.fee_bps) / 10_000)
        bid_units = max(1, int(edge) + nudge)
    else:
        bid_units = data.draw(st.integers(max(1, units * 9 // 10), units * 2))
    bid = format(D(bid_units).scaleb(-scale), "f")
    low = Quote(quote("1", ask).book, 0.0, float(ask), 0, 1)
    high = Quote(quote(bid, "1", venue="b").book, float(bid), float("inf"), 0, 1)

    found, _ = detected(instant(low, high), profiles=profiles(buy, sell))

    crosses = Fraction(bid) > Fraction(ask)
    expected = [] if not crosses else ["Candidate"] if _pays(bid, ask, buy, sell) else ["NearMiss"]
    assert kinds(found) == expected


def test_messages_of_two_pairs_at_one_mark_have_ids_of_their_own() -> None:
    known = profiles(profile("a", fee_bps="100"), profile("b", fee_bps="100"))
    steps = (
        Step("detector", "", detector(profiles=known, trade="opened", max_age_ns=SECOND), State),
        Step("end", "", end_of_feed(), EndState),
    )
    miss = instant(LOW, quote("100.1", "111", venue="b"))
    ids = []
    for pair in ("BTC/USDT", "ETH/USDT"):
        held = [State(pair), EndState(pair)]
        run(steps[:1], [PAYING, miss, miss], held)
        outs, _ = run(steps, [end()], held)
        ids += [out.origin.message_id for out in outs]

    assert len(ids) == 4  # a tally and the end of a spell each
    assert len(set(ids)) == 4


def test_the_end_marks_of_two_partitions_have_ids_of_their_own() -> None:
    found = [next(iter(end_of_feed()(end(), origin(partition=number), EndState(f"#{number}")))) for number in range(2)]

    assert [(send.name, send.body.partition, send.every_partition) for send in found] == [
        ("0", 0, True),
        ("1", 1, True),
    ]


def test_the_end_is_told_once_a_partition_and_not_once_a_pair() -> None:
    assert list(end_of_feed()(end(), origin(), EndState(PAIR))) == []


def test_marks_go_on_behind_the_counts() -> None:
    handle, state = detector(profiles=profiles(), trade="opened", max_age_ns=SECOND), State(PAIR)
    list(handle(PAYING, origin(), state))

    *_, told, mark = handle(end(), origin(2), state)

    assert told.body == Tally("detector", PAIR, 0, START, {"paying:a>b": 1, "opened:a>b": 1})
    assert mark == end()
