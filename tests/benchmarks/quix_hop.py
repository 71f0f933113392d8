"""Beside us: QuixStreams, the decide stage's first hop only (decode, filter, produce). Runs in an environment of its
own, because its pins contradict ours: it imports nothing of ours."""

import json
import sys
import time
from typing import Any

import msgspec
from quixstreams import Application
from quixstreams.models import JSONSerializer, SerializationContext
from quixstreams.models.serializers import Deserializer


class Book(msgspec.Struct, frozen=True, tag="book", gc=False):
    venue: str
    pair: str
    source: str
    sequence: int
    received_time: int
    exchange_time: int | None
    bids: tuple[tuple[str, str], ...]
    asks: tuple[tuple[str, str], ...]


class Mark(msgspec.Struct, frozen=True, tag="tick"):
    received_time: int


class End(msgspec.Struct, frozen=True, tag="end"):
    received_time: int


class BookDeserializer(Deserializer):
    """msgspec's, as in the other two."""

    def __init__(self) -> None:
        super().__init__()
        self._decode = msgspec.json.Decoder(Book | Mark | End).decode

    def __call__(self, value: bytes, ctx: SerializationContext) -> Any:
        return self._decode(value)


class SpreadSerializer(JSONSerializer):
    def __init__(self) -> None:
        super().__init__(dumps=msgspec.json.Encoder().encode)


def main(bootstrap: str, source: str, target: str, group: str, state: str) -> None:
    app = Application(
        broker_address=bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        commit_interval=0.25,
        state_dir=state,
        producer_extra_config={"linger.ms": 0, "acks": "all", "enable.idempotence": True},
        consumer_extra_config={"fetch.wait.max.ms": 100},
        loglevel="WARNING",
    )
    books = app.topic(source, value_deserializer=BookDeserializer(), key_deserializer="bytes")
    spreads = app.topic(target, value_serializer=SpreadSerializer(), key_serializer="bytes")
    frame = app.dataframe(books)
    frame = frame.filter(lambda book: type(book) is Book and float(book.bids[0][0]) < float(book.asks[0][0]))
    frame = frame.apply(_spread)
    frame = frame.set_headers(_headers)
    frame.to_topic(spreads)
    app.run()


def _spread(book: Book) -> dict[str, Any]:
    return {"venue": book.venue, "pair": book.pair, "spread": float(book.asks[0][0]) - float(book.bids[0][0])}


def _headers(_value: Any, _key: Any, _timestamp: int, headers: Any) -> list[tuple[str, bytes]]:
    return [("cause-sent", dict(headers)["sent"]), ("sent", b"%d" % time.time_ns())]


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
