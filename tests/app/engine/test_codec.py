"""What goes out comes back to the last digit; what is broken is named: channel, place, field, value, reason."""

from decimal import Decimal
from types import UnionType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from app.domain.errors import Reject
from app.domain.message import Origin
from app.engine.codec import decoder, encode, headers, market_message
from channels import ALL
from channels.market_data import MARKET_DATA
from tests.app.engine.doubles import Record, headers_of
from tests.builders import book

TYPED = [channel for channel in ALL if channel.name != "wire_tap"]
BOOK = book()


def of(kind: inspect.Type) -> st.SearchStrategy[Any]:  # noqa: PLR0911, PLR0912 - one a kind of type
    """Everything that a message's field may be."""
    match kind:
        case inspect.IntType():
            return st.integers(kind.ge or -(2**63), kind.le or 2**63 - 1)
        case inspect.DecimalType():
            return st.decimals(allow_nan=False, allow_infinity=False, places=18) | st.just(Decimal("1e-30"))
        case inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case inspect.BoolType():
            return st.booleans()
        case inspect.StrType():
            return st.text(max_size=8)
        case inspect.BytesType():
            return st.binary(max_size=8)
        case inspect.NoneType():
            return st.none()
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.UnionType():
            return st.one_of(*(of(one) for one in kind.types))
        case inspect.VarTupleType():
            return st.lists(of(kind.item_type), max_size=3).map(tuple)
        case inspect.TupleType():
            return st.tuples(*(of(one) for one in kind.item_types))
        case inspect.DictType():
            return st.dictionaries(of(kind.key_type), of(kind.value_type), max_size=3)
        case inspect.StructType():
            fields = {field.name: of(field.type) for field in kind.fields}
            return st.fixed_dictionaries(fields).map(lambda values, cls=kind.cls: cls(**values))  # type: ignore[misc]
        case _:
            raise NotImplementedError(kind)


def messages(kind: type | UnionType) -> st.SearchStrategy[Any]:
    return of(inspect.type_info(kind))


origins = st.builds(
    Origin,
    message_id=st.text(min_size=1, max_size=8),
    correlation_id=st.text(max_size=8),
    causation_id=st.text(min_size=1, max_size=8),
    channel=st.just("c"),
    partition=st.just(3),
    offset=st.just(5),
    event_time=st.integers(0, 2**63 - 1),
    history=st.lists(st.text("abc@1", min_size=1, max_size=4), max_size=4).map(tuple),
    wall_sent=st.integers(1, 2**63 - 1),
    wall_cause_sent=st.integers(0, 2**63 - 1),
)


@pytest.mark.parametrize("channel", TYPED, ids=lambda channel: channel.name)
@given(data=st.data(), origin=origins)
def test_every_message_comes_back_as_it_was(channel: Any, data: st.DataObject, origin: Origin) -> None:
    body = data.draw(messages(channel.message))

    record = Record(channel.name, 3, 5, b"k", encode(body), headers(origin))
    found, envelope = decoder("c", channel.message)(record)

    assert found == body
    assert repr(found) == repr(body)  # 1.0 and 1.00 are equal, and not the same digits
    assert envelope == origin


@pytest.mark.parametrize(
    ("value", "found", "field", "reason"),
    [
        (None, {}, "value", "no market_data message"),
        (b"", {}, "value", "no market_data message"),
        (b"\xff\xfe", {}, "value", "no market_data message"),
        (b"{", {}, "value", "no market_data message"),
        (b"[" * 100_000, {}, "value", ""),
        (b"{}", {}, "value", "missing required field `type`"),
        (b'{"type":"nothing"}', {}, "$.type", "Invalid value 'nothing'"),
        (encode(BOOK).replace(b'"sequence":1', b'"sequence":"1"'), {}, "$.sequence", "Expected `int`, got `str`"),
        (encode(BOOK).replace(b'"sequence":1', b'"sequence":1' + b"0" * 30), {}, "$.sequence", "Expected `int`"),
        (encode(BOOK).replace(b'"venue":"a",', b""), {}, "value", "missing required field `venue`"),
        (encode(BOOK), {"id": b"-"}, "id", "a header is missing"),
        (encode(BOOK), {"schema": b"-"}, "schema", "a header is missing"),
        (encode(BOOK), {"received": b"-"}, "received", "a header is missing"),
        (encode(BOOK), {"id": None}, "headers", "unreadable header"),
        (encode(BOOK), {"id": b"\xff"}, "headers", "unreadable header"),
        (encode(BOOK), {"received": b"soon"}, "headers", "unreadable header"),
        (encode(BOOK), {"received": b"-1"}, "received", "no time"),
        (encode(BOOK), {"received": b"9" * 30}, "received", "no time"),
        (encode(BOOK), {"causation": b"c"}, "correlation", "a header is missing"),
        (
            encode(BOOK),
            {"causation": b"c", "correlation": b"c", "history": b"r," * 33},
            "history",
            "goes in circles",
        ),
        (encode(BOOK), {"schema": b"one"}, "schema", "schema version is no number"),
        (encode(BOOK), {"schema": b"0"}, "schema", "not one that ever was"),
        (encode(BOOK), {"schema": b"2"}, "schema", "schema version 2 is newer than 1"),
    ],
)
def test_what_is_broken_is_named(value: Any, found: dict[str, Any], field: str, reason: str) -> None:
    record = Record("t.market_data", 2, 41, b"k", value, headers_of(**found))

    with pytest.raises(Reject) as caught:
        decoder("market_data", MARKET_DATA.message)(record)

    assert caught.value.field == field
    assert reason in caught.value.reason
    assert caught.value.where == "market_data/2/41"
    assert caught.value.value


@given(st.binary(max_size=60), st.lists(st.tuples(st.text(max_size=6), st.none() | st.binary(max_size=6)), max_size=5))
def test_nothing_but_a_rejection_leaves_the_decoder(value: bytes, found: list[tuple[str, bytes | None]]) -> None:
    for channel in TYPED:
        with pytest.raises(Reject):
            decoder(channel.name, channel.message)(Record(channel.name, 0, 0, None, value, found))


def test_market_data_begins_its_own_way() -> None:
    key, value, found = market_message(BOOK)

    body, origin = decoder("market_data", MARKET_DATA.message)(Record("m", 0, 1, key, value, found))

    assert key == BOOK.pair.encode()
    assert body == BOOK
    assert (origin.message_id, origin.correlation_id, origin.causation_id) == (BOOK.identity, BOOK.identity, "")
    assert msgspec.json.decode(value)["bids"] == [["99", "1"]]
