"""With no latency, what was decided is what is earned: to the last digit, leg by leg."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.approval import Sized
from app.domain.limits import Limits
from app.domain.sizing import size
from app.venues.paper import PaperState, PaperVenue
from routes import detector, sizing
from tests.app.domain.test_sizing import cases
from tests.app.venues.test_paper import HeldBooks
from tests.builders import PAIR, START, instant, origin, profiles, quote
from tests.routes.test_process_manager import Desk


@settings(max_examples=150, deadline=None)
@given(cases(), st.booleans())
def test_the_expected_profit_is_the_profit(case: Any, sell_first: bool) -> None:
    asks, bids, buy, sell, limits = case
    known = profiles(buy, sell)
    low, high = quote(asks=asks, bids=(("1", "1"),)), quote(asks=(("9999", "1"),), bids=bids, venue="b")
    orders = [send.body for send in decided(known, limits, low, high) if send.channel == "trade_orders"]
    expected = size(asks, bids, buy, sell, PAIR, limits)
    if not isinstance(expected, Sized):
        assert orders == []
        return
    (order,) = orders

    desk = Desk(known)
    venues = {name: PaperVenue(known[name], PaperState(), HeldBooks(), {}) for name in known}
    commands = desk.take(order)
    for command in commands[::-1] if sell_first else commands:
        report = asyncio.run(venues[command.order.venue].place(command.order))
        assert desk.answer(command, *report.fills, status=report.status) == []

    result = desk.result
    assert (result.status, result.code) == ("filled", "")
    assert result.profit == order.expected_profit == expected.profit
    assert [sum(fill.fee for fill in leg.report.fills) for leg in result.legs] == [leg.fee for leg in order.legs]
    assert result.exposure >= 0


def decided(known: Any, limits: Limits, *quotes: Any) -> list[Any]:
    detect = detector.detector(profiles=known, trade="opened", max_age_ns=1)
    order = sizing.sizing(
        profiles=known, limits={"*": limits}, account="paper", expiry_ns=10**12, depletion=False,
    )  # fmt: skip
    body = instant(*quotes, at=START)
    found: list[Any] = []
    state = sizing.State(PAIR)
    for one in detect(body, origin(), detector.State(PAIR)):
        found += order(one, origin(), state) if type(one).__name__ == "Candidate" else [one]
    return found
