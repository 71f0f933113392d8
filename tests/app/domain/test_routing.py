"""Rules send whole pairs: the first that matches, one output, and never the venues of a pair apart."""

import pytest

from app.domain.errors import ConfigurationError
from app.domain.market_data import Rule
from app.domain.routing import DROP, EVERYTHING, JOIN, check, destination

MAJORS = Rule("*", "BTC/*", "order_books.majors")
REST = Rule("*", "*", JOIN)


def test_the_first_rule_that_matches_wins() -> None:
    assert destination((MAJORS, REST), "a", "BTC/USDT") == "order_books.majors"
    assert destination((REST, MAJORS), "a", "BTC/USDT") == JOIN


def test_a_glob_matches_the_whole_name_and_its_case() -> None:
    rules = (Rule("bi*", "*/USD?", JOIN),)

    assert destination(rules, "binance", "BTC/USDT") == JOIN
    assert destination(rules, "Binance", "BTC/USDT") == DROP
    assert destination(rules, "binance", "BTC/USD") == DROP


def test_what_no_rule_matches_is_dropped() -> None:
    assert destination((MAJORS,), "a", "ETH/USDT") == DROP
    assert destination((), "a", "ETH/USDT") == DROP


def test_everything_goes_to_the_join_by_default() -> None:
    assert destination(EVERYTHING, "any", "X/Y") == JOIN


PARTING = [
    (Rule("a", "*", "order_books.mine"), REST),
    (Rule("a", "*", DROP), REST),
    (Rule("a", "*", JOIN),),
    (Rule("a", "BTC/*", "order_books.mine"), MAJORS, REST),
    (Rule("[ab]", "*", "order_books.mine"), Rule("c", "*/USDT", "order_books.other"), REST),
]


@pytest.mark.parametrize("rules", PARTING)
@pytest.mark.parametrize("pairs", [("BTC/USDT",), ()])
def test_rules_that_part_a_joined_pair_are_refused_with_exit_4(rules: tuple[Rule, ...], pairs: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match=r"part the venues of .*recipient list") as found:
        check(rules, ("a", "b", "c"), pairs)

    assert found.value.exit_code == 4


@pytest.mark.parametrize(
    "rules",
    [
        EVERYTHING,
        (MAJORS, REST),
        (Rule("a", "BTC/*", JOIN), Rule("*", "BTC/*", JOIN), Rule("*", "*", DROP)),
        (Rule("[abc]", "*", "order_books.mine"), REST),
        (Rule("elsewhere", "*", DROP), REST),
        (MAJORS, Rule("a", "BTC/*", DROP), REST),
        (),
    ],
)
@pytest.mark.parametrize("pairs", [("BTC/USDT", "ETH/USDT"), ()])
def test_rules_that_move_whole_pairs_are_accepted(rules: tuple[Rule, ...], pairs: tuple[str, ...]) -> None:
    check(rules, ("a", "b", "c"), pairs)


def test_a_pair_that_is_not_traded_may_be_parted() -> None:
    check((Rule("a", "DOGE/*", DROP), REST), ("a", "b"), ("BTC/USDT",))


@pytest.mark.parametrize("to", ["majors", "trade_orders", "market_data", "", "Join"])
def test_a_destination_that_is_none_is_refused_by_its_number(to: str) -> None:
    with pytest.raises(ConfigurationError, match="routing rule 2: to ="):
        check((MAJORS, Rule("*", "*", to)), ("a", "b"), ())
