"""One process a trade: reserved before it is sent, repaired where the legs do not match, one result in the end."""

from decimal import Decimal as D
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.execution import Command, Fill, LegDone, OrderReport, OrdersClosed, TradeResult
from app.domain.failure import Attempt, DeadLetter
from app.domain.order import FeedEnded, TradeOrder
from app.domain.venue import VenueProfile
from app.engine.codec import encode, headers
from app.engine.step import Out, Step, through
from routes.dead_letter_channel import dead_order
from routes.feed_end import State as EndState
from routes.feed_end import feed_end
from routes.idempotent_receiver import State as SeenState
from routes.idempotent_receiver import idempotent_receiver
from routes.process_manager import State, process_manager
from routes.service_activator import outgoing
from routes.splitter import splitter
from tests.builders import MS, SECOND, START, fill, order, origin, profile, profiles, states

FUNDS = {"USDT": "10000", "BTC": "100"}
RICH = profiles(profile("a", funds=FUNDS), profile("b", funds=FUNDS))
REPAIR_SELLS_AT, REPAIR_BUYS_AT = "99", "111"


class Desk:
    """The execute stage's routes without the world: commands come out, answers are given by hand."""

    def __init__(self, known: dict[str, VenueProfile] = RICH, *, exposure: str = "", virtual: bool = False) -> None:
        self.steps = (
            Step("feed_end", "", feed_end(), EndState),
            Step("idempotent_receiver", "", idempotent_receiver(keep_ns=3600 * SECOND), SeenState),
            Step(
                "process_manager",
                "",
                process_manager(
                    profiles=known,
                    max_exposure={"USDT": D(exposure)} if exposure else {},
                    virtual_time=virtual,
                    dead_letter=dead_order(encode=encode, headers=headers),
                ),
                State,
            ),
            Step("splitter", "", splitter()),
            Step("service_activator", "", outgoing(forget=lambda _, closed: self.forgotten.append(closed))),
        )
        self.forgotten: list[OrdersClosed] = []
        self.held = states(self.steps, "paper")
        self.outs: list[Out] = []
        self.commands: list[Command] = []
        self.sent = 0

    @property
    def state(self) -> State:
        return self.held[2]  # type: ignore[no-any-return]

    def take(self, body: Any, at: int = START, first: int = 0, *, again: bool = False) -> list[Command]:
        self.sent += 1
        whence = origin(self.sent, event_time=at, channel="trade_orders", redelivered=again)
        outs, commands = through(self.steps, body, whence, self.held, first)
        self.outs += outs
        self.commands += commands
        return commands

    def answer(
        self, command: Command, *fills: Fill, status: str = "", at: int = START, **changes: Any
    ) -> list[Command]:
        filled = sum((one.amount for one in fills), D(0))
        word = status or ("filled" if filled == command.order.amount else "partial" if filled else "none")
        report = OrderReport(command.order.client_order_id, word, fills, at=at, **changes)  # type: ignore[arg-type]
        return self.take(LegDone(command, report), first=2)

    def all(self, kind: type) -> list[Any]:
        return [out.send.body for out in self.outs if type(out.send.body) is kind]

    @property
    def result(self) -> TradeResult:
        return self.all(TradeResult)[-1]  # type: ignore[no-any-return]


def balances(found: TradeResult) -> dict[str, D]:
    return {f"{one.venue} {one.asset}": one.closing - one.opening for one in found.balances}


def test_both_legs_are_sent_at_once_buy_first() -> None:
    desk = Desk()

    legs = desk.take(order())

    assert [(one.role, one.order.venue, one.order.side, one.order.amount) for one in legs] == [
        ("buy", "a", "buy", D(1)), ("sell", "b", "sell", D(1)),
    ]  # fmt: skip
    assert [one.order.limit_price for one in legs] == [D(100), D(110)]
    assert len({one.order.client_order_id for one in legs}) == 2


def test_without_latency_a_leg_fills_on_the_decision_s_own_levels_and_else_on_a_later_book() -> None:
    slow = profiles(profile("a", latency_ms=25), profile("b"))

    buy, sell = Desk(slow).take(order())

    assert (buy.order.levels, buy.order.arrives_at, buy.due) == (None, START + 25 * MS, START + 25 * MS)
    assert (sell.order.levels, sell.order.arrives_at) == ((("110", "1"),), START)


NINE = [  # bought, sold, status, code, repair, profit, cost
    ("1", "1", "filled", "", None, "10", "0"),
    ("1", "0.4", "repaired", "UNMATCHED", ("a", "sell", "0.6"), "3.4", "0.6"),
    ("1", "0", "repaired", "UNMATCHED", ("a", "sell", "1"), "-1", "1"),
    ("0.4", "1", "repaired", "UNMATCHED", ("b", "buy", "0.6"), "3.4", "0.6"),
    ("0.4", "0.4", "filled", "PARTIAL", None, "4", "0"),
    ("0.4", "0.3", "repaired", "UNMATCHED", ("a", "sell", "0.1"), "2.9", "0.1"),
    ("0.3", "0.4", "repaired", "UNMATCHED", ("b", "buy", "0.1"), "2.9", "0.1"),
    ("0.4", "0", "repaired", "UNMATCHED", ("a", "sell", "0.4"), "-0.4", "0.4"),
    ("0", "1", "repaired", "UNMATCHED", ("b", "buy", "1"), "-1", "1"),
    ("0", "0.4", "repaired", "UNMATCHED", ("b", "buy", "0.4"), "-0.4", "0.4"),
    ("0", "0", "failed", "NOT_FILLED", None, "0", "0"),
]


def fills_of(price: str, amount: str) -> list[Fill]:
    return [fill(price, amount)] if D(amount) else []


@pytest.mark.parametrize("first", ["buy", "sell"])
@pytest.mark.parametrize(("bought", "sold", "status", "code", "repair", "profit", "cost"), NINE)
def test_every_case_of_two_legs_ends_as_it_must(
    bought: str, sold: str, status: str, code: str, repair: Any, profit: str, cost: str, first: str
) -> None:
    desk = Desk()
    buy, sell = desk.take(order())
    answers = [(buy, fills_of("100", bought)), (sell, fills_of("110", sold))]
    for command, fills in answers if first == "buy" else answers[::-1]:
        found = desk.answer(command, *fills)

    assert [(one.order.venue, one.order.side, str(one.order.amount)) for one in found] == ([repair] if repair else [])
    for one in found:
        price = REPAIR_SELLS_AT if one.order.side == "sell" else REPAIR_BUYS_AT
        desk.answer(one, fill(price, str(one.order.amount)))

    result = desk.result
    assert (result.status, result.code, result.exposure) == (status, code, 0)
    assert (result.profit, result.repair_cost) == (D(profit), D(cost))
    assert len(desk.all(TradeResult)) == 1
    assert desk.all(DeadLetter) == []
    moved = balances(result)
    assert sum(change for name, change in moved.items() if name.endswith("USDT")) == result.profit
    assert sum(change for name, change in moved.items() if name.endswith("BTC")) == 0
    assert (desk.state.running, desk.state.done) == ({}, {})


@pytest.mark.parametrize(("side", "cost"), [("buy", "2"), ("sell", "-1")])
def test_a_repair_s_cost_is_counted_against_the_worst_of_what_it_undoes(side: str, cost: str) -> None:
    """Bought at 100 and 101, the piece at 101 is undone at 99; sold at 110 and 112, the one at 110 at 109."""
    desk = Desk()
    buy, sell = desk.take(order(amount="2"))
    if side == "buy":
        desk.answer(buy, fill("100"), fill("101"))
        (repair,) = desk.answer(sell, fill("110"))
    else:
        desk.answer(buy, fill("100"))
        (repair,) = desk.answer(sell, fill("112"), fill("110"))
    desk.answer(repair, fill("99" if side == "buy" else "109"))

    assert desk.result.repair_cost == D(cost)


def test_a_repair_asks_for_any_price_on_the_next_book_of_its_own_venue() -> None:
    desk = Desk(profiles(profile("a", latency_ms=25), profile("b")))
    buy, sell = desk.take(order())
    desk.answer(buy, fill(), at=START + 25 * MS)

    (repair,) = desk.answer(sell, at=START + 40 * MS)

    assert (repair.role, repair.order.limit_price, repair.order.levels) == ("repair-1", None, None)
    assert repair.order.arrives_at == START + 65 * MS
    assert repair.order.client_order_id not in (buy.order.client_order_id, sell.order.client_order_id)


@pytest.mark.parametrize("repaired", ["0", "0.25"])
def test_what_a_repair_leaves_open_is_exposure_and_never_tried_again(repaired: str) -> None:
    desk = Desk()
    buy, sell = desk.take(order())
    desk.answer(buy, fill())
    (repair,) = desk.answer(sell)

    again = desk.answer(repair, *fills_of("99", repaired))

    assert again == []
    assert (desk.result.status, desk.result.exposure) == ("exposed", 1 - D(repaired))
    assert desk.result.profit == -100 + 99 * D(repaired)


def test_oversold_is_exposure_below_zero() -> None:
    desk = Desk()
    buy, sell = desk.take(order())
    desk.answer(buy)
    (repair,) = desk.answer(sell, fill("110"))
    desk.answer(repair)

    assert (desk.result.status, desk.result.exposure) == ("exposed", -1)


def test_a_rest_under_the_minimum_notional_cannot_be_repaired_and_is_exposure() -> None:
    desk = Desk(profiles(profile("a", minimum_notional="70"), profile("b")))
    buy, sell = desk.take(order())
    desk.answer(buy, fill())

    assert desk.answer(sell, fill("110", "0.4")) == []
    assert (desk.result.status, desk.result.exposure) == ("exposed", D("0.6"))


def test_a_rest_under_a_lot_is_left_and_told() -> None:
    desk = Desk(profiles(profile("a", lot="0.01"), profile("b", lot="0.01")))
    buy, sell = desk.take(order())
    desk.answer(buy, fill("100", "0.505"))

    assert desk.answer(sell, fill("110", "0.5")) == []
    assert (desk.result.status, desk.result.exposure) == ("filled", D("0.005"))


def test_a_rest_that_its_own_venue_would_trade_is_exposure_whatever_the_other_s_lot() -> None:
    desk = Desk(profiles(profile("a", lot="0.01"), profile("b", lot="1")))
    buy, sell = desk.take(order())
    desk.answer(buy, fill())
    (repair,) = desk.answer(sell, fill("110", "0.5"))
    desk.answer(repair)

    assert (repair.order.amount, desk.result.status, desk.result.exposure) == (D("0.50"), "exposed", D("0.5"))


@pytest.mark.parametrize("status", ["refused", "failed"])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_leg_that_a_venue_refused_or_failed_is_repaired_and_goes_to_the_dead_letters(status: str, side: str) -> None:
    desk = Desk()
    buy, sell = desk.take(order())
    bad, well = (buy, sell) if side == "buy" else (sell, buy)
    desk.answer(well, fill("100"))
    (repair,) = desk.answer(bad, status=status, code="VENUE_REFUSED", detail="no")
    desk.answer(repair, fill("100", str(repair.order.amount)))

    (letter,) = desk.all(DeadLetter)
    assert (desk.result.status, desk.result.code, desk.result.detail) == ("repaired", "VENUE_REFUSED", "no")
    assert (letter.code, letter.venue, letter.trade_id, letter.redeliveries) == (
        "VENUE_REFUSED", bad.order.venue, "t1", 0,
    )  # fmt: skip
    assert letter.value == encode(order())


def test_two_legs_refused_are_one_failed_trade_and_one_dead_letter() -> None:
    desk = Desk()
    for command in desk.take(order()):
        desk.answer(command, status="refused", code="VENUE_REFUSED")

    assert (desk.result.status, desk.result.code, len(desk.all(DeadLetter))) == ("failed", "VENUE_REFUSED", 1)


@pytest.mark.parametrize("word", ["none", "refused", "failed"])
def test_what_was_filled_is_believed_and_not_the_word(word: str) -> None:
    """Canceled with filled > 0 is normal."""
    desk = Desk()
    buy, sell = desk.take(order())
    desk.answer(buy, fill(), status=word)
    desk.answer(sell, fill("110"), status=word)

    assert (desk.result.status, desk.result.profit, desk.result.exposure) == ("filled", D(10), 0)
    assert desk.all(DeadLetter) == []


def test_filled_is_not_believed_where_nothing_was() -> None:
    desk = Desk()
    for command in desk.take(order()):
        desk.answer(command, status="filled")

    assert desk.result.status == "failed"


def test_failed_tries_go_with_the_dead_letter() -> None:
    desk = Desk()
    buy, sell = desk.take(order())
    tried = Attempt(1, START, "Retry", "no answer")
    desk.answer(sell, fill("110"))
    report = OrderReport(buy.order.client_order_id, "failed", (), "RETRIES_EXHAUSTED", "no answer", START)
    (repair,) = desk.take(LegDone(buy, report, (tried,)), first=2)
    desk.answer(repair, fill("111"))

    (letter,) = desk.all(DeadLetter)
    assert (letter.attempts, letter.code) == ((tried,), "RETRIES_EXHAUSTED")


def in_base(amount: str = "1", **changes: Any) -> TradeOrder:
    """10 bp in base at the buying venue: 1.002 bought, of which 1.000998 arrive."""
    return order(amount=amount, bought="1.002", buy_fee="0.001002", fee_asset="BTC", **changes)


def test_what_rounding_up_for_a_fee_in_base_leaves_over_is_no_exposure() -> None:
    desk = Desk(profiles(profile("a", fee_bps="10", fee_in="base", lot="0.0001"), profile("b")))
    buy, sell = desk.take(in_base())
    desk.answer(buy, fill("100", "1.002", "0.001002", "BTC"))

    assert desk.answer(sell, fill("110")) == []
    assert (desk.result.status, desk.result.exposure, desk.result.profit) == ("filled", D("0.000998"), D("9.8"))


def test_a_buy_back_where_the_fee_is_in_base_is_grossed_up() -> None:
    desk = Desk(profiles(profile("a"), profile("b", fee_bps="100", fee_in="base", lot="0.001")))
    buy, sell = desk.take(order())
    desk.answer(buy)

    (repair,) = desk.answer(sell, fill("110"))

    assert repair.order.amount == D("1.011")


def test_18_decimals_and_a_fee_in_base_leave_no_false_exposure() -> None:
    bought, sold = "12345678901.123456789012345678", "12333333222.222222222222222222"
    fee = "12345678.901123456789012345678"
    desk = Desk(profiles(profile("a", fee_bps="10", fee_in="base"), profile("b")))
    buy, sell = desk.take(order(amount=sold, bought=bought, buy_fee=fee, fee_asset="BTC"))
    desk.answer(buy, fill("100", bought, fee, "BTC"))
    desk.answer(sell, fill("110", sold))

    assert (desk.result.status, desk.result.code) == ("filled", "")


# money


def test_funds_are_reserved_while_legs_are_under_way_and_given_back() -> None:
    desk = Desk()
    buy, sell = desk.take(order())
    purses = desk.state.money.purses
    assert (purses["a USDT"].reserved, purses["b BTC"].reserved) == (100, 1)
    assert desk.state.money.exposure == {"USDT": 100}

    desk.answer(buy, fill("100", "0.5"))
    desk.answer(sell, fill("110", "0.5"))

    assert (purses["a USDT"].reserved, purses["b BTC"].reserved) == (0, 0)
    assert desk.state.money.exposure == {"USDT": 0}
    assert (purses["a USDT"].balance, purses["b BTC"].balance) == (9_950, D("99.5"))


@pytest.mark.parametrize(
    ("funds_a", "funds_b", "short"),
    [
        ({"USDT": "99.99"}, {"BTC": "1"}, "a"), ({"USDT": "100"}, {"BTC": "0.99"}, "b"), ({"BTC": "9"}, FUNDS, "a"),
    ],
)  # fmt: skip
def test_a_leg_that_cannot_be_paid_refuses_the_trade_and_reserves_nothing(
    funds_a: dict[str, str], funds_b: dict[str, str], short: str
) -> None:
    desk = Desk(profiles(profile("a", funds=funds_a), profile("b", funds=funds_b)))

    assert desk.take(order()) == []
    assert (desk.result.status, desk.result.code) == ("refused", "INSUFFICIENT_FUNDS")
    assert f"at {short}" in desk.result.detail
    assert all(purse.reserved == 0 for purse in desk.state.money.purses.values())
    assert desk.all(DeadLetter) == []


def test_funds_that_just_suffice_are_enough_and_a_second_trade_must_wait() -> None:
    desk = Desk(profiles(profile("a", funds={"USDT": "100"}), profile("b", funds={"BTC": "9"})))

    assert len(desk.take(order("t1"))) == 2
    assert desk.take(order("t2")) == []
    assert desk.result.code == "INSUFFICIENT_FUNDS"


def test_a_fee_in_quote_needs_funds_too() -> None:
    desk = Desk(profiles(profile("a", fee_bps="10", funds={"USDT": "100.09"}), profile("b")))

    assert desk.take(order()) == []
    assert desk.result.code == "INSUFFICIENT_FUNDS"


def test_without_funds_in_the_profile_they_are_unlimited() -> None:
    desk = Desk(profiles())
    for command in desk.take(order(amount="1000000")):
        desk.answer(command, fill("100", "1000000"))

    assert desk.result.balances[1].closing == -100_000_000


@pytest.mark.parametrize(("limit", "sent"), [("200", 2), ("199.99", 0)])
def test_open_trades_stay_under_the_exposure_limit(limit: str, sent: int) -> None:
    desk = Desk(exposure=limit)
    desk.take(order("t1"))

    assert len(desk.take(order("t2"))) == sent
    if not sent:
        assert (desk.result.status, desk.result.code) == ("refused", "EXPOSURE_ABOVE_LIMIT")


def test_exposure_is_free_again_when_a_trade_has_ended() -> None:
    desk = Desk(exposure="100")
    for command in desk.take(order("t1")):
        desk.answer(command)

    assert len(desk.take(order("t2"))) == 2


# what is not begun


def test_an_order_past_its_expiry_is_refused_and_goes_to_the_dead_letters() -> None:
    desk = Desk()

    assert desk.take(order(expires_at=START - 1)) == []
    assert (desk.result.status, desk.result.code) == ("refused", "EXPIRED")
    assert [letter.code for letter in desk.all(DeadLetter)] == ["EXPIRED"]


def test_an_order_that_comes_again_is_refused_only_when_its_venues_do_not_know_it() -> None:
    """A worker that died may have sent both legs in time, with money that is spent now."""
    desk = Desk()
    commands = desk.take(order(expires_at=START - 1), again=True)

    assert [command.refused is not None for command in commands] == [True, True]
    assert desk.all(TradeResult) == []
    for command in commands:
        desk.answer(command, status="refused", code="EXPIRED", detail="late")

    assert (desk.result.status, desk.result.code) == ("refused", "EXPIRED")
    assert [letter.code for letter in desk.all(DeadLetter)] == ["EXPIRED"]
    assert all(purse.reserved == 0 for purse in desk.state.money.purses.values())
    assert len(desk.forgotten) == 1


def test_what_venues_know_of_an_order_that_comes_again_counts_though_funds_are_short() -> None:
    poor = profiles(profile("a", funds={"USDT": "1"}), profile("b", funds={"BTC": "0.1"}))
    desk = Desk(poor)
    buy, sell = desk.take(order(), again=True)
    desk.answer(buy, fill("100", "1"))
    (repair,) = desk.answer(sell, status="refused", code="INSUFFICIENT_FUNDS")

    assert (repair.order.venue, repair.order.side, repair.refused) == ("a", "sell", None)
    desk.answer(repair, fill("99", "1"))
    assert (desk.result.status, desk.result.code, desk.result.profit) == ("repaired", "INSUFFICIENT_FUNDS", D("-1"))


def test_in_virtual_time_an_order_that_comes_again_is_refused_as_it_was() -> None:
    desk = Desk(virtual=True)

    assert desk.take(order(expires_at=START - 1), again=True) == []
    assert desk.result.code == "EXPIRED"


def test_an_order_at_its_expiry_is_sent() -> None:
    assert len(Desk().take(order(expires_at=START))) == 2


def test_a_replay_that_has_expired_is_no_dead_letter_again() -> None:
    desk = Desk()
    desk.take(order(expires_at=START - 1, attempt=2))

    assert (desk.result.code, desk.all(DeadLetter)) == ("EXPIRED", [])


def test_a_venue_without_a_profile_refuses_the_trade() -> None:
    desk = Desk()
    desk.take(order(sell="nowhere"))

    assert (desk.result.status, desk.result.code) == ("refused", "UNKNOWN_VENUE")


@pytest.mark.parametrize(("filled", "code"), [(True, "ALREADY_CLOSED"), (False, "")])
def test_a_replay_of_a_trade_that_is_over_is_refused_and_of_a_failed_one_begun(filled: bool, code: str) -> None:
    desk = Desk()
    for command in desk.take(order()):
        desk.answer(command, *([fill()] if filled else []), status="" if filled else "refused")

    commands = desk.take(order(attempt=2))

    assert len(commands) == (0 if filled else 2)
    assert desk.result.code == code if filled else True


def test_a_replay_while_another_attempt_is_under_way_is_refused() -> None:
    desk = Desk()
    for command in desk.take(order()):
        desk.answer(command, status="refused")
    desk.take(order(attempt=2))

    assert desk.take(order(attempt=3)) == []
    assert (desk.result.status, desk.result.code) == ("refused", "UNDER_WAY")


def test_a_replay_s_orders_are_new_ones_to_the_venue() -> None:
    desk = Desk()
    first = desk.take(order())
    for command in first:
        desk.answer(command)

    second = desk.take(order(attempt=2))

    assert not {one.order.client_order_id for one in first} & {one.order.client_order_id for one in second}


def test_an_order_that_comes_twice_is_worked_once() -> None:
    desk = Desk()

    assert (len(desk.take(order())), desk.take(order())) == (2, [])
    assert desk.held[1].again == 1


def test_an_answer_that_comes_twice_changes_nothing() -> None:
    desk = Desk()
    buy, sell = desk.take(order())
    desk.answer(buy, fill())
    desk.answer(buy, fill())
    desk.answer(sell, fill("110"))
    desk.answer(sell, fill("110"))

    assert (len(desk.all(TradeResult)), desk.result.profit) == (1, 10)


# time


def done(desk: Desk, *answers: tuple[Command, int]) -> None:
    for command, at in answers:
        desk.answer(command, fill(), at=at)


def test_in_virtual_time_a_result_counts_from_when_it_happened() -> None:
    desk = Desk(virtual=True)
    buy, sell = desk.take(order())
    done(desk, (buy, START), (sell, START + 2 * SECOND))
    assert desk.all(TradeResult) == []

    desk.take(order("t2", at=START + SECOND), at=START + SECOND)
    assert desk.all(TradeResult) == []

    desk.take(order("t3", at=START + 2 * SECOND), at=START + 2 * SECOND)
    assert [one.order.trade_id for one in desk.all(TradeResult)] == ["t1"]


def test_in_virtual_time_results_stand_in_the_order_of_event_time() -> None:
    desk = Desk(virtual=True)
    slow, quick = desk.take(order("slow")), desk.take(order("quick"))
    done(desk, (slow[0], START + 5), (slow[1], START + 9), (quick[0], START + 5), (quick[1], START + 6))

    desk.take(order("t3"), at=START + SECOND)

    assert [(one.order.trade_id, one.sequence) for one in desk.all(TradeResult)] == [("quick", 1), ("slow", 2)]


def test_in_virtual_time_money_is_free_only_when_event_time_has_come() -> None:
    desk = Desk(virtual=True, exposure="100")
    done(desk, *((command, START + SECOND) for command in desk.take(order("t1"))))

    assert desk.take(order("t2"), at=START + SECOND - 1) == []
    assert len(desk.take(order("t3"), at=START + SECOND)) == 2


def test_the_end_of_the_feed_tells_what_is_held() -> None:
    desk = Desk(virtual=True)
    done(desk, *((command, START + SECOND) for command in desk.take(order("t1"))))

    desk.take(FeedEnded(0, 2, START))
    assert desk.all(TradeResult) == []

    desk.take(FeedEnded(1, 2, START))
    assert [one.settled_at for one in desk.all(TradeResult)] == [START + SECOND]


def test_an_end_mark_that_comes_twice_is_not_two_partitions() -> None:
    desk = Desk(virtual=True)
    done(desk, *((command, START + SECOND) for command in desk.take(order("t1"))))

    desk.take(FeedEnded(0, 2, START))
    desk.take(FeedEnded(0, 2, START))

    assert desk.all(TradeResult) == []


def test_live_a_result_is_told_at_once() -> None:
    desk = Desk()
    done(desk, *((command, START + SECOND) for command in desk.take(order("t1"))))

    assert len(desk.all(TradeResult)) == 1


def test_results_of_one_order_have_the_order_s_envelope_and_ids_of_their_own() -> None:
    desk = Desk(virtual=True)
    done(desk, *((command, START + SECOND) for command in desk.take(order("t1"))))
    desk.take(order("t2", expires_at=START), at=START + SECOND)

    assert [(out.origin.message_id, out.origin.causation_id) for out in desk.outs] == [
        ("m1/process_manager.result#1", "m1"),
        ("m4/process_manager.result#1", "m4"),
        ("m4/process_manager.dead#1", "m4"),
    ]


# recovery


def recovered(desk: Desk, **changes: Any) -> Desk:
    """Another worker with what this one's last checkpoint wrote."""
    found = Desk(**changes)
    found.held = [
        None if held is None else msgspec.msgpack.decode(msgspec.msgpack.encode(held), type=type(held))
        for held in desk.held
    ]
    found.sent = desk.sent
    return found


def test_what_was_under_way_is_found_again_in_the_order_it_was_sent() -> None:
    desk = Desk()
    first = desk.take(order("t1"))
    second = desk.take(order("t2"))
    desk.answer(second[0], fill())

    after = recovered(desk)

    assert after.state.open_commands() == [*first, second[1]]
    assert after.held == desk.held


def test_a_trade_goes_on_where_it_was_after_a_crash_at_any_point() -> None:
    whole = Desk()
    buy, sell = whole.take(order())
    whole.answer(buy, fill("100", "1"))
    (repair,) = whole.answer(sell, fill("110", "0.4"))
    whole.answer(repair, fill("99", "0.6"))

    desk = Desk()
    desk.take(order())
    for fills in ([fill("100", "1")], [fill("110", "0.4")], [fill("99", "0.6")]):
        desk = recovered(desk)
        desk.answer(desk.state.open_commands()[0], *fills)

    assert desk.result == whole.result
    assert desk.state.open_commands() == []


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_money_is_neither_made_nor_lost(data: st.DataObject) -> None:
    """The balances' changes are the sum over all fills, and profit is the quote's."""
    known = profiles(
        profile("a", fee_bps="10", fee_in=data.draw(st.sampled_from(["quote", "base"])), lot="0.01"),
        profile("b", fee_bps="25", fee_in=data.draw(st.sampled_from(["quote", "base"])), lot="0.1"),
    )
    desk = Desk(known, virtual=data.draw(st.booleans()))
    every: list[tuple[str, str, Fill]] = []

    def answer(command: Command) -> None:
        asked, profile_ = command.order, known[command.order.venue]
        left, fills = asked.amount, []
        for _ in range(data.draw(st.integers(0, 3))):
            amount = min(left, D(data.draw(st.integers(1, 200))) / 100)
            price = D(data.draw(st.integers(1, 10**6))) / 1000
            if amount == 0:
                break
            base = profile_.fee_in == "base" and asked.side == "buy"
            fee = amount * profile_.fee * (1 if base else price)
            fills.append(Fill(price, amount, fee, "BTC" if base else "USDT", START))
            left -= amount
        word = data.draw(st.sampled_from(["", "none", "refused", "failed"]))
        every.extend((asked.venue, asked.side, one) for one in fills)
        for repair in desk.answer(command, *fills, status=word):
            answer(repair)

    for number in range(data.draw(st.integers(1, 4))):
        for command in desk.take(order(f"t{number}", amount="1.5")):
            answer(command)
    desk.take(FeedEnded(0, 1, START))

    expected: dict[str, Fraction] = {}
    for venue, side, one in every:
        sign = 1 if side == "buy" else -1
        for asset, change in (
            ("BTC", sign * Fraction(one.amount)),
            ("USDT", -sign * Fraction(one.amount) * Fraction(one.price)),
            (one.fee_asset, -Fraction(one.fee)),
        ):
            expected[f"{venue} {asset}"] = expected.get(f"{venue} {asset}", Fraction(0)) + change
    found = {name: Fraction(purse.balance - purse.opening) for name, purse in desk.state.money.purses.items()}
    results = desk.all(TradeResult)
    assert {name: change for name, change in found.items() if change} == {
        name: change for name, change in expected.items() if change
    }
    assert sum(Fraction(one.profit) for one in results) == sum(expected.get(f"{venue} USDT", 0) for venue in "ab")
    assert sum(Fraction(one.exposure) for one in results) == sum(expected.get(f"{venue} BTC", 0) for venue in "ab")
    assert all(purse.reserved == 0 for purse in desk.state.money.purses.values())
    assert set(desk.state.money.exposure.values()) <= {D(0)}
    assert [one.sequence for one in results] == list(range(1, len(results) + 1))


def test_an_order_that_lay_too_long_is_not_sent_in_live_trading() -> None:
    manage = process_manager(
        profiles=RICH,
        max_exposure={},
        virtual_time=False,
        dead_letter=dead_order(encode=encode, headers=headers),
        clock=lambda: START + 61 * SECOND,
    )

    found = list(manage(order(expires_at=START + 60 * SECOND), origin(wall_sent=START), State("paper")))

    assert [send.body.code for send in found] == ["EXPIRED", "EXPIRED"]


def test_what_a_closed_trade_left_at_its_venues_is_forgotten() -> None:
    desk = Desk()
    commands = desk.take(order())
    for command in commands:
        desk.answer(command, fill())

    assert desk.forgotten == [OrdersClosed(tuple((one.order.venue, one.order.client_order_id) for one in commands))]


def test_one_leg_alone_is_exposure_also_where_it_is_less_than_a_lot_after_its_fee() -> None:
    known = profiles(profile("a", fee_bps="10", fee_in="base", lot="1"), profile("b", lot="1"))
    desk = Desk(known)
    buy, sell = desk.take(order())

    desk.answer(buy, fill(fee="0.001", fee_asset="BTC"))
    desk.answer(sell)

    assert (desk.result.status, desk.result.exposure) == ("exposed", D("0.999"))
