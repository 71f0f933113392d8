"""What cannot be translated is named by file, line, field and value, keeps its bytes, and stops nothing."""

from pathlib import Path

import pytest

from app.domain.errors import UsageError
from app.domain.failure import InvalidMessage
from app.domain.market_data import Book
from app.feeds.recording import open_recording
from tests.app.feeds.samples import Write, l2_row

GOOD = l2_row(0), l2_row(2)


@pytest.mark.parametrize(
    ("cells", "field", "reason"),
    [
        ({"b3": "x"}, "b3", "not a decimal number"),
        ({"av10": ""}, "av10", "not a decimal number"),
        ({"bv1": "1_0"}, "bv1", "not a decimal number"),
        ({"a1": "٣"}, "a1", "not a decimal number"),
        ({"a1": "NaN"}, "a1", "not a finite number"),
        ({"a1": "inf"}, "a1", "not a finite number"),
        ({"bv2": "-1"}, "bv2", "negative"),
        ({"bv2": "1e30"}, "bv2", "more than 26 digits"),
        ({"b10": "1." + "1" * 30}, "b10", "more than 26 digits"),
        ({"b10": "0"}, "b10", "partly zero"),
        ({"av4": "0.0"}, "av4", "partly zero"),
        ({"b2": "27.0"}, "b2", "unsorted"),
        ({"a5": "99"}, "a6", "unsorted"),
        ({"timestamp": "2021-08-20 25:00:00"}, "timestamp", "not a time"),
        ({"timestamp": "yesterday"}, "timestamp", "not a time"),
        ({"timestamp": "2020-08-20 00:00:00"}, "received_time", "runs backwards"),
        ({"symbol": "LINKUSDT.HB"}, "symbol", "one symbol"),
    ],
)
def test_a_bad_cell_is_named_and_the_rows_around_it_are_delivered(
    write_l2: Write, cells: dict[str, str], field: str, reason: str
) -> None:
    bad = l2_row(1, **cells)
    path = write_l2(GOOD[0], bad, GOOD[1])

    before, found, after = open_recording(path)

    assert isinstance(before, Book)
    assert isinstance(after, Book)
    assert (before.sequence, after.sequence) == (1, 3)
    assert isinstance(found, InvalidMessage)
    assert found.where == "bnc/bnc.csv:3"
    assert found.field == field
    assert reason in found.reason
    assert found.raw == ",".join(bad).encode()
    if field in cells:
        assert found.value == repr(cells[field])


def test_a_row_that_is_cut_off_says_how_far_it_came(write_l2: Write) -> None:
    path = write_l2(GOOD[0], ",".join(l2_row(1)[:17]).encode(), end=b"")

    book, cut = open_recording(path)

    assert isinstance(book, Book)
    assert isinstance(cut, InvalidMessage)
    assert (cut.where, cut.reason, cut.field) == ("bnc/bnc.csv:3", "row is cut off: 17 of 42 columns", "bv5")


def test_a_row_that_is_too_long_is_no_book(write_l2: Write) -> None:
    book, found = open_recording(write_l2(GOOD[0], [*l2_row(1), "7"]))

    assert isinstance(book, Book)
    assert isinstance(found, InvalidMessage)
    assert found.reason == "row is too long: 43 of 42 columns"


def test_bytes_that_are_no_text_are_kept_as_they_are(write_l2: Write) -> None:
    raw = b"2021-08-20 00:00:01,\xff\xfe,1,2"

    _, found, _ = open_recording(write_l2(GOOD[0], raw, GOOD[1]))

    assert isinstance(found, InvalidMessage)
    assert (found.reason, found.field, found.value, found.raw) == ("not UTF-8", "byte 21", repr(b"\xff"), raw)


def test_a_line_without_an_end_is_cut_and_the_next_is_read(write_l2: Write) -> None:
    _, found, after = open_recording(write_l2(GOOD[0], b"x" * 3_000_000, GOOD[1]))

    assert isinstance(found, InvalidMessage)
    assert "longer than 524288 bytes" in found.reason
    assert isinstance(after, Book)


def test_a_file_that_lacks_a_column_names_it_in_every_row(write_l2: Write) -> None:
    from app.feeds.two_venue_l2 import COLUMNS

    columns = [column for column in COLUMNS if column != "b7"]
    rows = [[cell for cell, column in zip(l2_row(second), COLUMNS, strict=True) if column != "b7"] for second in (0, 1)]

    items = list(open_recording(write_l2(*rows, columns=columns)))

    assert [(item.where, item.field) for item in items if isinstance(item, InvalidMessage)] == [
        ("bnc/bnc.csv:2", "b7"),
        ("bnc/bnc.csv:3", "b7"),
    ]


def test_a_file_of_an_unknown_venue_or_pair_is_refused_with_the_known_ones(write_l2: Write) -> None:
    with pytest.raises(UsageError, match="unknown venue, known are BNC, HB"):
        open_recording(write_l2(l2_row(0, "LINKUSDT.XYZ")))
    with pytest.raises(UsageError, match="unknown pair"):
        open_recording(write_l2(l2_row(0, "LINKXYZ.BNC")))


def test_another_notation_of_a_number_is_written_out(write_l2: Write) -> None:
    (book,) = open_recording(write_l2(l2_row(0, bv1="1e-5", av1="123456789.5", av2="+2.50", av3="12345678901.00")))

    assert isinstance(book, Book)
    assert book.bids[0][1] == "0.00001"
    assert [size for _, size in book.asks[:3]] == ["123456789.5", "2.50", "12345678901.00"]


def test_a_book_of_zeros_is_a_book(write_l2: Write) -> None:
    zeros = {column: "0.0" for column in ["b1", "a1"]} | {
        f"{kind}{level}": "0" for kind in ("b", "bv", "a", "av") for level in range(1, 11)
    }

    (book,) = open_recording(write_l2(l2_row(0, **zeros)))

    assert isinstance(book, Book)
    assert book.bids == book.asks == (("0", "0"),) * 10


def test_a_polled_quote_that_is_partly_zero_or_unreadable_is_named_by_its_column(tmp_path: Path) -> None:
    (tmp_path / "bt_dt_eth_krw.csv").write_text(
        "date,buy_price,sell_price,requestTime\n"
        "1520523759268,0,841000,1520523758\n"
        "1520523759268,839000,nan,1520523759\n"
        "1520523759268,839000,841000,soon\n"
        "later,839000,841000,1520523760\n"
        "1520523759268,839000\n"
        "1520523759268,839000,841000,1520523761\n"
    )

    *bad, good = open_recording(tmp_path, size="1")

    assert [(item.where.rpartition("/")[2], item.field) for item in bad if isinstance(item, InvalidMessage)] == [
        ("bt_dt_eth_krw.csv:2", "buy_price"),
        ("bt_dt_eth_krw.csv:3", "sell_price"),
        ("bt_dt_eth_krw.csv:4", "requestTime"),
        ("bt_dt_eth_krw.csv:5", "date"),
        ("bt_dt_eth_krw.csv:6", "buy_price"),
    ]
    assert isinstance(good, Book)
    assert (good.sequence, good.exchange_time) == (6, 1520523759268 * 10**6)
