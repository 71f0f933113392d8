"""What is no book is rejected with the field that makes it none; what is one says its best prices."""

import pytest

from app.domain.book import all_zero, read
from app.domain.errors import Reject
from tests.builders import book

NO_DECIMALS = [
    "NaN", "nan", "Infinity", "-inf", "-1", "+1", "1e5", "1E-8", " 1", "1 ", "1_000", "1,5", "\u0661\u0662", "\u00b2",
    "\uff11", "", ".", "1.2.3", "0x10", "abc", "\n1", "9" * 400, "0." + "1" * 400,
]  # fmt: skip


@pytest.mark.parametrize("text", NO_DECIMALS)
@pytest.mark.parametrize(
    ("side", "number", "part"), [("bids", 0, "price"), ("bids", 1, "size"), ("asks", 0, "size"), ("asks", 1, "price")]
)
def test_text_that_is_no_plain_decimal_is_rejected_by_its_field(text: str, side: str, number: int, part: str) -> None:
    sides = {"bids": [["9", "1"], ["8", "1"]], "asks": [["10", "1"], ["11", "1"]]}
    sides[side][number][part == "size"] = text

    with pytest.raises(Reject) as found:
        read(book(**{name: tuple((price, size) for price, size in levels) for name, levels in sides.items()}))

    assert (found.value.field, found.value.value[:100]) == (f"{side}[{number}].{part}", repr(text)[:100])


@pytest.mark.parametrize(
    ("field", "bids", "asks"),
    [
        ("bids[0].price", (("0", "1"),), (("10", "1"),)),
        ("asks[0].price", (("9", "1"),), (("0.00", "0"),)),
        ("bids[0].size", (("9", "0"),), (("10", "1"),)),
        ("asks[1].size", (("9", "1"),), (("10", "1"), ("11", "0.0"))),
        ("bids[1].price", (("9", "1"), ("0", "0")), (("10", "1"),)),
        ("asks[0].size", (), (("10", "0"),)),
    ],
)
def test_a_zero_beside_what_is_not_is_rejected(field: str, bids: tuple, asks: tuple) -> None:
    with pytest.raises(Reject, match="zero beside") as found:
        read(book(bids=bids, asks=asks))

    assert found.value.field == field


@pytest.mark.parametrize(
    ("field", "bids", "asks"),
    [
        ("bids[1].price", (("9", "1"), ("9.5", "1")), (("10", "1"),)),
        ("bids[1].price", (("9", "1"), ("9.0", "1")), (("10", "1"),)),
        ("asks[1].price", (("9", "1"),), (("10", "1"), ("9.9", "1"))),
        ("asks[2].price", (("9", "1"),), (("10", "1"), ("11", "1"), ("11.00", "2"))),
    ],
)
def test_levels_that_do_not_get_strictly_worse_are_rejected(field: str, bids: tuple, asks: tuple) -> None:
    with pytest.raises(Reject, match="strictly worse") as found:
        read(book(bids=bids, asks=asks))

    assert found.value.field == field


def test_levels_that_only_decimals_tell_apart_are_sorted() -> None:
    near = book(bids=(("9.00000000000000000002", "1"), ("9.00000000000000000001", "1")))

    assert read(near) == (9.0, 101.0)


def test_levels_that_only_decimals_show_to_be_unsorted_are_rejected() -> None:
    with pytest.raises(Reject, match="strictly worse"):
        read(book(asks=(("101.00000000000000000002", "1"), ("101.00000000000000000001", "1"))))


def test_the_best_prices_are_read() -> None:
    assert read(book(bids=(("9.5", "1"), ("9", "2")), asks=(("10", "1"), ("10.5", "1")))) == (9.5, 10.0)


@pytest.mark.parametrize("levels", [(("0", "0"),), (("0.0", "0.00"), ("0", "0"))])
def test_a_book_of_zeros_is_all_zero_and_no_error(levels: tuple) -> None:
    closed = book(bids=levels, asks=levels)

    assert (read(closed), all_zero(closed)) == (None, True)


@pytest.mark.parametrize("sides", [("", "101"), ("99", ""), ("", "")])
def test_an_empty_side_is_none_and_not_zero(sides: tuple[str, str]) -> None:
    found = book(*sides)

    assert (read(found), all_zero(found)) == (None, False)


def test_a_book_of_the_most_digits_is_read() -> None:
    fine = "12345678.123456789012345678"

    assert read(book(bids=((fine, fine),), asks=((fine, fine),))) is not None


def test_the_error_says_what_is_wrong_in_one_line() -> None:
    with pytest.raises(Reject) as found:
        read(book("1e5"))

    assert str(found.value) == (
        "no plain decimal: digits and at most one point, finite and not negative, field bids[0].price, value '1e5'"
    )
