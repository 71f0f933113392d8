"""What makes a book a book, and what makes it fit to trade."""

from decimal import Decimal
from itertools import chain
from operator import ge, le

from msgspec import ValidationError, convert

from app.domain.errors import Reject
from app.domain.market_data import Book, Level
from app.domain.normalise import MOST_DIGITS

Prices = tuple[float, float]
"""(best bid, best ask): floats read from the venue's text, to compare and never to count money with."""

_FLOATS = list[float]


def read(book: Book) -> Prices | None:
    """Best bid and ask of a well-formed book; None where a side is empty or the whole book is zero.

    Raises Reject, naming the level and its text, for what is no book: text that is no plain decimal, a price or size of
    zero beside others that are not, levels that do not get strictly worse, more digits than money keeps.
    """
    bids, asks = book.bids, book.asks
    parts = [*chain.from_iterable(bids + asks)]
    if "".join(parts).encode().translate(None, b"0123456789."):
        _explain(book)
    try:
        numbers = convert(parts, _FLOATS, strict=False)  # five times as fast as float() of each
    except ValidationError:
        _explain(book)
        numbers = list(map(float, parts))  # `1.`, which is a decimal and no JSON
    if not any(numbers):
        return None
    middle = 2 * len(bids)
    bid_prices, ask_prices = numbers[0:middle:2], numbers[middle::2]
    if (
        not all(numbers)
        or any(map(le, bid_prices, bid_prices[1:]))
        or any(map(ge, ask_prices, ask_prices[1:]))
        or max(map(len, parts)) > MOST_DIGITS
    ):
        _explain(book)
    if not bid_prices or not ask_prices:
        return None
    return bid_prices[0], ask_prices[0]


def all_zero(book: Book) -> bool:
    """Every price and size is zero: what some venues send while they are closed."""
    levels = book.bids + book.asks
    return bool(levels) and not any(float(part) for level in levels for part in level)


def crossed(book: Book) -> bool:
    """Whether the best bid is above the best ask, to the last digit; both sides have levels."""
    return Decimal(book.bids[0][0]) > Decimal(book.asks[0][0])


def locked(book: Book) -> bool:
    """Whether best bid and best ask are equal, to the last digit; both sides have levels."""
    return Decimal(book.bids[0][0]) == Decimal(book.asks[0][0])


def _explain(book: Book) -> None:
    """Looks again, exactly: floats cannot tell levels apart that differ behind the 17th digit."""
    for side, levels in (("bids", book.bids), ("asks", book.asks)):
        before: Decimal | None = None
        for number, level in enumerate(levels):
            before = _check(side, number, level, before)


def _check(side: str, number: int, level: Level, before: Decimal | None) -> Decimal:
    for name, text in zip(("price", "size"), level, strict=True):
        field = f"{side}[{number}].{name}"
        if not (text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit()):
            raise Reject(
                "no plain decimal: digits and at most one point, finite and not negative", field=field, value=text
            )
        exact = Decimal(text)
        if exact == 0:
            raise Reject("zero beside levels that are not", field=field, value=text)
        _, significant, exponent = exact.as_tuple()
        if max(len(significant), -int(exponent), exact.adjusted() + 1) > MOST_DIGITS:
            raise Reject(f"more than {MOST_DIGITS} digits", field=field, value=text)
    price = Decimal(level[0])
    if before is not None and (price >= before if side == "bids" else price <= before):
        raise Reject("levels do not get strictly worse", field=f"{side}[{number}].price", value=level[0])
    return price
