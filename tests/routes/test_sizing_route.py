"""An order is made of an approval only; what is refused is a near miss, once a spell."""

from decimal import Decimal as D
from itertools import count
from typing import Any

from app.domain.limits import Limits
from app.domain.opportunity import Candidate, Crossing, NearMiss, OpportunityOpened, Quote
from app.domain.order import Position, TradeOrder
from routes.sizing import State, sizing
from tests.builders import PAIR, SECOND, START, end, origin, profile, profiles, quote

LOW, HIGH = quote("99", "100"), quote("110", "111", venue="b")


def candidate(low: Quote = LOW, high: Quote = HIGH, *, number: int = 1, opens: bool = True) -> Candidate:
    bid, ask = high.book.bids[0][0], low.book.asks[0][0]
    crossing = Crossing(PAIR, low.book.venue, high.book.venue, START + number, number, bid, ask, high.bid / low.ask - 1)
    return Candidate(crossing, low, high, D(1000), "o1", opens)


def ordered(
    *bodies: Any, known: Any = None, depletion: bool = False, instants: Any = (), **limits: Any
) -> tuple[list[Any], State]:
    """What is sent for candidates, each of an instant of its own where `instants` does not say otherwise."""
    handle = sizing(
        profiles=known or profiles(), limits={"*": Limits(**{"max_edge_bps": D(5000), **limits})}, account="paper",
        expiry_ns=60 * SECOND, depletion=depletion,
    )  # fmt: skip
    state = State(PAIR)
    found = [
        one
        for number, body in zip(instants or count(1), bodies, strict=False)
        for one in handle(body, origin(number), state)
    ]
    told = [getattr(one, "body", one) for one in found]
    return [one for one in told if type(one) in (TradeOrder, NearMiss, OpportunityOpened)], state


def of(found: list[Any], kind: type) -> list[Any]:
    return [one for one in found if type(one) is kind]


def test_an_order_says_all_that_execution_needs() -> None:
    found, _ = ordered(candidate(), known=profiles(profile("a", fee_bps="10"), profile("b", fee_bps="20")))

    (order,) = of(found, TradeOrder)
    assert (order.opportunity_id, order.account, order.attempt) == ("o1", "paper", 1)
    assert (order.decided_at, order.expires_at) == (START + 1, START + 1 + 60 * SECOND)
    assert order.position == Position("market_data", 0, 1)
    assert [(leg.venue, leg.side, leg.amount, leg.limit_price, leg.notional, leg.fee) for leg in order.legs] == [
        ("a", "buy", 1, 100, 100, D("0.1")), ("b", "sell", 1, 110, 110, D("0.22")),
    ]  # fmt: skip
    assert [leg.levels for leg in order.legs] == [LOW.book.asks, HIGH.book.bids]
    assert (order.gross_edge, order.expected_profit) == (10, D("9.68"))


def test_a_fee_in_base_is_named_in_base() -> None:
    found, _ = ordered(candidate(), known=profiles(profile("a", fee_bps="10", fee_in="base"), profile("b")))

    (order,) = of(found, TradeOrder)
    assert (order.buy.fee_asset, order.sell.fee_asset) == ("BTC", "USDT")
    assert order.buy.amount - order.buy.fee >= order.sell.amount


def test_an_opportunity_that_opens_says_what_was_ordered() -> None:
    (opened,) = of(ordered(candidate())[0], OpportunityOpened)

    assert (opened.opportunity_id, opened.amount, opened.expected_profit, opened.refused) == ("o1", 1, 10, "")
    assert (opened.buy_source, opened.sell_source) == (LOW.book.identity, HIGH.book.identity)
    assert opened.gross_edge_bps == 1000


def test_an_opportunity_that_is_refused_opens_all_the_same_and_says_why() -> None:
    found, state = ordered(candidate(), max_edge_bps=D(500))

    opened, missed = found
    assert (opened.refused, opened.amount, opened.expected_profit) == ("EDGE_UNBELIEVABLE", None, None)
    assert (missed.code, missed.instants) == ("EDGE_UNBELIEVABLE", 1)
    assert state.counts.by_name == {"near_miss:EDGE_UNBELIEVABLE": 1}


def test_one_that_goes_on_opens_nothing_and_is_ordered_anew() -> None:
    found, _ = ordered(candidate(), candidate(opens=False, number=2))

    assert len(of(found, OpportunityOpened)) == 1
    first, second = of(found, TradeOrder)
    assert first.trade_id != second.trade_id
    assert first.opportunity_id == second.opportunity_id == "o1"


def test_a_trade_has_the_same_name_when_it_is_decided_again() -> None:
    assert ordered(candidate())[0] == ordered(candidate())[0]


def test_refusals_that_follow_each_other_are_one_spell_and_one_between_two_parts_them() -> None:
    tiny = quote("99", "100", size="0.001")
    known = profiles(profile("a", minimum_notional="10"), profile("b"))
    feed = [
        candidate(tiny), candidate(tiny, number=2, opens=False), candidate(number=3, opens=False),
        candidate(tiny, number=4, opens=False), end(),
    ]  # fmt: skip

    found, state = ordered(*feed, known=known)

    first, last, another = of(found, NearMiss)
    assert [first.instants, last.instants, another.instants] == [1, 2, 1]
    assert first.near_miss_id == last.near_miss_id != another.near_miss_id
    assert state.counts.by_name == {"near_miss:NOTIONAL_BELOW_MINIMUM": 3, "ordered": 1}


def test_with_depletion_what_is_ordered_is_withheld_and_without_it_is_not() -> None:
    _, with_it = ordered(candidate(), depletion=True)
    _, without = ordered(candidate(), depletion=False)

    assert with_it.withheld["a"].asks.less(LOW.book.asks) == ()
    assert with_it.withheld["b"].bids.less(HIGH.book.bids) == ()
    assert without.withheld == {}


def test_what_is_refused_is_not_withheld() -> None:
    assert ordered(candidate(), depletion=True, max_edge_bps=D(1))[1].withheld == {}


def test_a_limit_of_the_pair_s_quote_currency_comes_before_the_one_for_all() -> None:
    handle = sizing(
        profiles=profiles(),
        limits={"*": Limits(max_edge_bps=D(5000)), "USDT": Limits(D(11), max_edge_bps=D(5000))},
        account="paper",
        expiry_ns=1,
        depletion=False,
    )

    *_, sent = handle(candidate(), origin(), State(PAIR))

    assert sent.body.sell.notional == 11


def test_two_directions_at_one_instant_do_not_take_the_same_depth() -> None:
    seller = quote("110", "111", venue="c")
    known = profiles(profile("a"), profile("b"), profile("c"))
    both = [candidate(quote("99", "100", venue=venue), seller) for venue in ("a", "b")]

    found, _ = ordered(*both, known=known, depletion=True, instants=(1, 1))

    (order,), (missed,) = of(found, TradeOrder), of(found, NearMiss)
    assert order.sell.amount == sum(D(size) for _, size in seller.book.bids)
    assert (missed.buy_venue, missed.code) == ("b", "NO_DEPTH")
