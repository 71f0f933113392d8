"""Each book has exactly one way on, and new rules hold from their offset, now and when all is told again."""

from typing import Any

import msgspec

from app.domain.market_data import Rule, RulesChanged
from app.domain.message import Send
from app.domain.opportunity import Moved, Unfit
from app.engine.step import Out, Step, through
from routes import content_based_router, dynamic_router
from tests.builders import PAIR, START, book, end, origin, quote, run, states, tick

TO_JOIN = (Rule("*", "*", "join"),)
TO_MAJORS = (Rule("*", "BTC/*", "order_books.majors"),)


def steps(*rules: Rule) -> tuple[Step, ...]:
    return (
        Step("router", "", dynamic_router.dynamic_router(rules=rules), dynamic_router.State, scope="partition"),
        Step("by_content", "", content_based_router.content_based_router(), content_based_router.State),
        Step("tell", "", lambda body, _origin, _state: (say(body), body), None),
    )


def say(body: Any) -> Any:
    return Send("said", "", body)


def changed(rules: tuple[Rule, ...], version: int = 2) -> RulesChanged:
    return RulesChanged("control", version, START, version, rules)


def sent(outs: list[Out]) -> list[str]:
    return [out.send.channel for out in outs if out.send.channel != "said"]


def test_a_body_for_the_join_goes_on_unchanged() -> None:
    outs, left = run(steps(*TO_JOIN), [quote()], states(steps()))

    assert (sent(outs), left) == ([], [quote()])


def test_a_body_for_a_channel_is_passed_on_to_the_byte_and_goes_nowhere_else() -> None:
    outs, left = run(steps(*TO_MAJORS), [quote()], states(steps()))

    out = outs[0]
    assert sent(outs) == ["order_books.majors"]
    assert (out.send.channel, out.send.key, out.send.body, out.send.copy) == ("order_books.majors", PAIR, book(), True)
    assert left == [Moved(START)]


def test_a_book_that_makes_its_venue_forgotten_goes_the_same_way() -> None:
    outs, left = run(steps(*TO_MAJORS), [Unfit(book("", ""))], states(steps()))

    assert ([out.send.body for out in outs[:-1]], left) == ([book("", "")], [Moved(START)])


def test_what_no_rule_matches_is_dropped_and_counted() -> None:
    held = states(steps())

    outs, left = run(steps(), [quote(), quote(sequence=2)], held)

    assert (sent(outs), left, held[1].counts.by_name) == ([], [Moved(START)] * 2, {"to:drop": 2})


def test_new_rules_hold_for_what_follows_them() -> None:
    outs, left = run(steps(*TO_JOIN), [quote(), changed(TO_MAJORS), quote(sequence=2)], states(steps()))

    assert sent(outs) == ["order_books.majors"]
    assert left == [quote(), changed(TO_MAJORS), Moved(START)]


def test_the_version_of_the_rules_is_in_the_history() -> None:
    outs, _ = run(steps(*TO_JOIN), [quote(), changed(TO_JOIN, 7), quote(sequence=2)], states(steps()))

    assert [out.origin.history[0] for out in outs] == ["router@1", "router@7", "router@7"]


def test_a_redelivery_with_recovered_rules_goes_the_same_ways_under_the_same_versions() -> None:
    feed = [quote(), changed(TO_MAJORS), quote(sequence=2), changed(TO_JOIN, 3), quote(sequence=3)]
    held = states(steps())
    first = run(steps(*TO_JOIN), feed, held)
    recovered = states(steps())
    recovered[0] = msgspec.msgpack.decode(msgspec.msgpack.encode(held[0]), type=dynamic_router.State)

    assert run(steps(*TO_JOIN), feed, recovered) == first


def test_every_key_of_a_partition_sees_new_rules_and_they_are_kept_once() -> None:
    held, number = states(steps()), 0

    for _key in ("BTC/USDT", "ETH/USDT", "#0"):
        _, left = through(steps(*TO_JOIN), changed(TO_MAJORS), origin(5), held)
        number += len(left)

    assert (number, len(held[0].changes)) == (3, 1)


def test_marks_go_once_to_each_channel_that_rules_name() -> None:
    rules = (*TO_MAJORS, Rule("*", "ETH/*", "order_books.eth"), *TO_JOIN)
    held = states(steps())

    first, _ = through(steps(*rules), tick(), origin(5, partition=3), held)
    again, _ = through(steps(*rules), tick(), origin(5, partition=3), held)

    assert [(out.send.channel, out.send.partition, out.send.copy) for out in first[:2]] == [
        ("order_books.eth", 3, True),
        ("order_books.majors", 3, True),
    ]
    assert sent(again) == []


def test_the_end_reaches_a_channel_that_rules_once_named() -> None:
    outs, _ = run(steps(*TO_MAJORS), [quote(), changed(TO_JOIN), quote(sequence=2), end()], states(steps()))

    assert [where for where in sent(outs) if where != "opportunities"] == ["order_books.majors"] * 2
