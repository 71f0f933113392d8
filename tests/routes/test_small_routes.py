"""Routes of one rule each: idempotent receiver, splitter, recipient list, wire tap, dead letters, service activator."""

from typing import Any

import msgspec
import pytest

from app.domain.approval import Refused
from app.domain.errors import Refuse, Reject, Retry
from app.domain.execution import Command, Commands, LegDone, OrderReport, TradeResult
from app.domain.failure import Attempt
from app.domain.market_data import Book
from app.domain.message import Send
from app.domain.opportunity import Unfit
from app.domain.order import FeedEnded
from app.engine.codec import encode, headers
from routes import recipient_list as recipients
from routes.dead_letter_channel import dead_letter_channel, dead_order
from routes.idempotent_receiver import State as SeenState
from routes.idempotent_receiver import idempotent_receiver
from routes.invalid_message_channel import invalid_message_channel
from routes.service_activator import failed, service_activator
from routes.splitter import splitter
from routes.wire_tap import wire_tap
from tests.builders import PAIR, SECOND, START, book, leg_result, order, origin, quote, venue_order


def command(side: str = "buy") -> Command:
    return Command(origin(), "t1", side, START, venue_order(side=side))


# idempotent receiver


def received(*seconds_and_orders: tuple[int, Any], keep: int = 10) -> tuple[list[Any], SeenState]:
    handle, state = idempotent_receiver(keep_ns=keep * SECOND, most=1), SeenState("paper")
    found = []
    for number, (at, body) in enumerate(seconds_and_orders):
        found += handle(body, origin(number, wall_sent=START + at * SECOND), state)
    return found, state


def test_an_order_that_comes_again_is_counted_and_goes_no_further() -> None:
    found, state = received((0, order()), (1, order()), (2, order("t2")), (3, order()))

    assert (found, state.again) == ([order(), order("t2")], 2)


def test_another_attempt_is_another_message() -> None:
    found, _ = received((0, order()), (0, order(attempt=2)))

    assert len(found) == 2


@pytest.mark.parametrize(("seconds", "passed"), [(10, 2), (11, 3)])
def test_an_id_is_kept_as_long_as_the_channel_keeps_messages(seconds: int, passed: int) -> None:
    found, _ = received((0, order("t1")), (seconds, order("t2")), (seconds, order("t1")))

    assert len(found) == passed


def test_a_message_that_a_crash_brings_back_is_no_duplicate_of_itself() -> None:
    handle, state = idempotent_receiver(keep_ns=SECOND), SeenState("paper")
    list(handle(order(), origin(5), state))

    assert list(handle(order(), origin(5), state)) == [order()]
    assert list(handle(order(), origin(6), state)) == []


def test_ids_that_need_not_be_kept_are_forgotten() -> None:
    _, state = received(*((number, order(f"t{number}")) for number in range(100)))

    assert len(state.pieces) == 11
    assert state.first_seen("t0#1") is None


def test_what_is_no_order_passes_as_often_as_it_comes() -> None:
    mark = FeedEnded(0, 1, START)

    assert received((0, mark), (0, mark))[0] == [mark, mark]


# splitter


def test_both_legs_come_out_one_by_one_buy_first() -> None:
    found = list(splitter()(Commands((command("buy"), command("sell"))), origin(), None))

    assert [one.role for one in found] == ["buy", "sell"]


# recipient list


def published(*books: Book) -> list[int]:
    handle, state = recipients.recipient_list(interval_ns=SECOND), recipients.State(PAIR)
    found = [one for each in books for one in handle(quote(venue=each.venue, at=each.received_time), origin(), state)]
    return [one.body.received_time for one in found if type(one) is Send]


def test_the_first_book_of_each_venue_in_each_interval_is_published() -> None:
    times = [START, START + 1, START + SECOND - 1, START + SECOND]

    assert published(*(book(at=at) for at in times)) == [START, START + SECOND]
    assert published(book(), book(venue="b")) == [START, START]


def test_a_late_book_publishes_no_interval_again() -> None:
    assert published(book(at=START + SECOND), book(at=START), book(at=START + SECOND + 1)) == [START + SECOND]


def test_every_book_goes_on_whether_published_or_not() -> None:
    handle, state = recipients.recipient_list(interval_ns=SECOND), recipients.State(PAIR)

    first, second = list(handle(quote(), origin(), state)), list(handle(quote(), origin(), state))

    assert (first[-1], second) == (quote(), [quote()])
    assert list(handle(Unfit(book("", "")), origin(), state)) == [Unfit(book("", ""))]


# wire tap


def test_a_share_of_messages_is_tapped_the_same_ones_each_time() -> None:
    tap = wire_tap(share=0.25, put=lambda *_: None)

    found = [tap(f"m{number}") is not None for number in range(4_000)]

    assert 800 < sum(found) < 1_200
    assert found == [tap(f"m{number}") is not None for number in range(4_000)]


@pytest.mark.parametrize(("share", "tapped"), [(0.0, 0), (1.0, 1_000)])
def test_none_is_none_and_all_is_all(share: float, tapped: int) -> None:
    tap = wire_tap(share=share, put=lambda *_: None)

    assert sum(tap(f"m{number}") is not None for number in range(1_000)) == tapped


# dead letters and invalid messages


@pytest.mark.parametrize(
    ("error", "code"),
    [(ValueError("no"), "ValueError"), (Refuse("TOO_MUCH", "no"), "TOO_MUCH"), (Retry("no"), "Retry")],
)
def test_a_dead_letter_keeps_the_original_to_the_byte(error: Exception, code: str) -> None:
    raw, found = b'\xff{"type" : "order" }\x00', [("id", b"m1"), ("x", b"\xfe")]

    letter = dead_letter_channel()(order(), origin(), b"\x00key", raw, found, "sizing", error)

    assert (letter.key, letter.value, letter.headers) == (b"\x00key", raw, tuple(found))
    assert (letter.channel, letter.partition, letter.offset) == ("market_data", 0, 1)
    assert (letter.route, letter.code, letter.trade_id) == ("sizing", code, "t1")


def test_a_dead_letter_of_nothing_has_no_bytes() -> None:
    letter = dead_letter_channel()(object(), origin(), None, None, [], "join", ValueError("no"))

    assert (letter.key, letter.value, letter.trade_id) == (None, b"", "")


def result(*legs: Any, **changes: Any) -> TradeResult:
    return TradeResult(order(**changes), "refused", "EXPIRED", "late", START, 1, legs)


def test_a_dead_order_is_the_bytes_that_were_sent() -> None:
    letter = dead_order(encode=encode, headers=headers)
    sent = origin(wall_sent=5, causation_id="m0", history=("sizing",))

    found = letter(order(), sent, result(), ())

    assert (found.value, found.key) == (encode(order()), b"paper")
    assert found.headers == tuple(headers(sent))
    assert (found.code, found.detail, found.redeliveries) == ("EXPIRED", "late", 0)


def test_a_dead_order_names_the_venue_that_refused_and_how_often_it_was_replayed() -> None:
    attempts = (Attempt(1, START, "Retry", "away"),)
    bad = leg_result("sell", status="refused")

    found = dead_order(encode=encode, headers=headers)(
        order(attempt=3), origin(), result(leg_result("buy"), bad), attempts
    )

    assert (found.venue, found.redeliveries, found.attempts) == ("b", 2, attempts)
    assert found.dead_letter_id == "t1#3"


def test_an_invalid_message_keeps_its_bytes_and_says_field_value_and_place() -> None:
    error = Reject("not a number", field="bids[0].price", value="x")

    found = invalid_message_channel()(b"\xff", error, "market_data/0/7")

    assert (found.invalid_id, found.where, found.raw) == ("market_data/0/7", "market_data/0/7", b"\xff")
    assert (found.reason, found.field, found.value) == ("not a number", "bids[0].price", "'x'")


# service activator


class Venue:
    """Answers as it is told and remembers what it was asked."""

    def __init__(self, *known: str) -> None:
        self.known = set(known)
        self.asked: list[str] = []

    async def place(self, found: Any) -> OrderReport:
        self.asked.append("place")
        return OrderReport(found.client_order_id, "filled")

    async def fetch(self, client_order_id: str) -> OrderReport | None:
        self.asked.append("fetch")
        return OrderReport(client_order_id, "partial") if client_order_id in self.known else None


async def performed(venue: Venue, *, again: bool, refused: Refused | None = None) -> LegDone:
    ticks = iter((5, 9))
    perform = service_activator(venue=lambda _name, _state: venue, clock=lambda: next(ticks))  # type: ignore[arg-type, return-value]
    return await perform(msgspec.structs.replace(command(), refused=refused), None, again)


async def test_a_first_order_is_placed_without_asking() -> None:
    venue = Venue()

    answer = await performed(venue, again=False)

    assert venue.asked == ["place"]
    assert (answer.command, answer.report.status, answer.wall_sent, answer.wall_done) == (command(), "filled", 5, 9)


async def test_an_order_that_may_have_been_sent_is_asked_for_and_not_sent_again() -> None:
    venue = Venue(command().order.client_order_id)

    answer = await performed(venue, again=True)

    assert (venue.asked, answer.report.status) == (["fetch"], "partial")


async def test_an_order_the_venue_never_saw_is_sent_after_all() -> None:
    venue = Venue()

    await performed(venue, again=True)

    assert venue.asked == ["fetch", "place"]


@pytest.mark.parametrize(("known", "status"), [(True, "partial"), (False, "refused")])
async def test_an_order_that_is_refused_now_is_asked_for_and_never_placed(known: bool, status: str) -> None:
    venue = Venue(command().order.client_order_id) if known else Venue()

    answer = await performed(venue, again=False, refused=Refused("EXPIRED", "late"))

    assert (venue.asked, answer.report.status) == (["fetch"], status)
    assert answer.report.code == ("" if known else "EXPIRED")


def test_an_order_that_failed_for_good_says_why_and_when() -> None:
    away = Attempt(5, START, "Retry", "away")

    found = failed(command(), (away,), True)

    assert (found.report.status, found.report.code, found.report.detail, found.report.at) == (
        "failed", "RETRIES_EXHAUSTED", "away", START,
    )  # fmt: skip
    assert found.attempts == (away,)


def test_an_order_refused_by_an_exception_keeps_its_code() -> None:
    assert failed(command(), (Attempt(1, START, "NO_SUCH_MARKET", "x"),), True).report.code == "NO_SUCH_MARKET"


def test_failed_tries_before_a_success_go_with_the_answer() -> None:
    answer = LegDone(command(), OrderReport("cb1", "filled", at=START))

    found = failed(answer, (Attempt(1, START, "Retry", "away"),), False)

    assert (found.report, len(found.attempts)) == (answer.report, 1)
