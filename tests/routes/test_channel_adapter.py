"""Whatever order the messages come in, and however often, the ledger ends the same."""

import asyncio
import tempfile
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from app.domain.errors import Reject
from app.domain.execution import TradeResult
from app.domain.failure import DeadLetter, InvalidMessage
from app.domain.market_data import Book
from app.domain.message import Origin
from app.domain.opportunity import NearMiss, OpportunityClosed, OpportunityOpened, Tally
from app.domain.order import FeedEnded
from app.storage.ledger import Ledger
from app.storage.tables import MarketDataRow, TradeOrderRow
from routes.channel_adapter import channel_adapter
from tests.app.storage.builders import START, order, origin, result

PLACE = ("BTC/USDT", "a", "b")


def book(bid: str = "99.5", *, bids: tuple[tuple[str, str], ...] | None = None) -> Book:
    return Book("a", "BTC/USDT", "rec", 1, START, None, ((bid, "1.50"),) if bids is None else bids, (("100", "2"),))


def near_miss(last_at: int, instants: int, edge: int) -> NearMiss:
    return NearMiss("n1", *PLACE, "TOO_SMALL", START, last_at, instants, D(edge), f"{edge}")


def tally(event_time: int, count: int) -> Tally:
    return Tally("scan", "BTC/USDT", 0, event_time, {"instants": count, "stale": 1})


MESSAGES: list[tuple[object, Origin]] = [
    (order(), origin("order", wall_sent=1_500)),
    (result(), origin("result", causation_id="order")),
    (result("t2", sequence=2), origin("result2", causation_id="order2")),
    (OpportunityOpened("o1", *PLACE, START, "100", "110", D(9), D(8), "x", "y", D(1), D("9.7")), origin()),
    (OpportunityClosed("o1", *PLACE, START, START + 9, 3, D("8.5")), origin()),
    (near_miss(START, 1, 5), origin()),
    (near_miss(START + 5, 4, 7), origin()),
    (tally(START, 1), origin()),
    (tally(START, 2), origin()),
    (tally(START + 1, 2), origin()),
    (DeadLetter("d1", "trade_orders", 0, 5, None, b"", (), "c1", "trade", "X", "x", (), 0, START, "t1"), origin()),
    (InvalidMessage("i1", "market_data/0/9", "not a number", "bid", "'x'", b"\xff"), origin()),
    (FeedEnded(0, 1, START), origin()),
    (book(), origin()),
]


async def ledger_of(batches: list[list[tuple[object, Origin]]]) -> list[Any]:
    adapt = channel_adapter()
    with tempfile.TemporaryDirectory() as folder:
        ledger = await Ledger.open(f"sqlite:///{folder}/ledger.db")
        for batch in batches:
            await ledger.write([row for body, whence in batch for row in adapt(body, whence)])
        tables = sorted(SQLModel.metadata.tables.values(), key=lambda table: table.name)
        found = await ledger.snapshot(*(table.select().order_by(*table.primary_key.columns) for table in tables))
        await ledger.close()
    return found


IN_ORDER = asyncio.run(ledger_of([[message] for message in MESSAGES]))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_order_with_any_repetition_leaves_the_same_ledger(data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(range(len(MESSAGES))), max_size=len(MESSAGES)))
    sequence = data.draw(st.permutations([*range(len(MESSAGES)), *again]))
    size = data.draw(st.integers(1, len(sequence)))
    batches = [[MESSAGES[number] for number in sequence[at : at + size]] for at in range(0, len(sequence), size)]

    assert asyncio.run(ledger_of(batches)) == IN_ORDER


def test_a_result_alone_makes_the_whole_order() -> None:
    rows = channel_adapter()(result(), origin("r", causation_id="order"))

    (whole,) = [row.values for row in rows if row.model is TradeOrderRow]
    assert whole["message_id"] == "order"
    assert (whole["status"], whole["profit"], whole["market_data_offset"]) == ("filled", D("9.7"), 41)
    assert (whole["wall_tick"], whole["wall_legs_sent"], whole["wall_legs_gap"]) == (1_000, 3_000, 500)


def test_a_refused_order_has_no_clocks_of_legs() -> None:
    body: TradeResult = result(status="refused", code="EXPIRED", legs=(), balances=(), profit=D(0))

    (row,) = channel_adapter()(body, origin())

    assert (row.values["wall_legs_sent"], row.values["wall_legs_gap"]) == (None, None)


def test_a_quote_keeps_the_venue_s_digits() -> None:
    (row,) = channel_adapter()(book("0.000000000000000001"), origin())

    assert row.model is MarketDataRow
    assert (row.values["bid"], row.values["bid_size"]) == (D("0.000000000000000001"), D("1.50"))


def test_an_empty_side_is_none_and_never_0() -> None:
    (row,) = channel_adapter()(book(bids=()), origin())

    assert (row.values["bid"], row.values["bid_size"], row.values["ask"]) == (None, None, D(100))


@pytest.mark.parametrize("price", ["", "abc", "NaN", "Infinity"])
def test_a_price_that_is_no_number_is_rejected(price: str) -> None:
    with pytest.raises(Reject, match="field bid"):
        channel_adapter()(book(price), origin())


def test_a_body_without_a_table_is_rejected_with_its_place() -> None:
    with pytest.raises(Reject, match="value 'str', trade_results/0/7"):
        channel_adapter()("words", origin())
