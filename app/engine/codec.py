"""Bodies and envelopes to and from Kafka records: JSON values, text headers. The only place that knows the wire."""

from collections.abc import Callable
from time import time_ns
from typing import Any, Protocol

import msgspec

from app.domain.errors import Reject
from app.domain.message import SCHEMA, Origin

Headers = list[tuple[str, bytes]]

_encoder = msgspec.json.Encoder(decimal_format="string")
_SCHEMA = str(SCHEMA).encode()
_WIDEST = 2**63
_MOST_HISTORY = 32
"""Routes a message may have come through before it is taken to go in circles."""


class Record(Protocol):
    """What aiokafka delivers."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Any


def encode(body: object) -> bytes:
    """The body as JSON; Decimals as strings, to the last digit."""
    return _encoder.encode(body)


def headers(origin: Origin, *, exchange_time: int | None = None, replayed: int = 0) -> Headers:
    """The envelope as Kafka headers; absent where there is nothing to say. Times are decimal nanoseconds."""
    found: Headers = [
        ("id", origin.message_id.encode()),
        ("schema", _SCHEMA),
        ("received", b"%d" % origin.event_time),
        ("sent", b"%d" % (origin.wall_sent or time_ns())),
    ]
    if exchange_time is not None:
        found.append(("exchange", b"%d" % exchange_time))
    if origin.causation_id:
        found.append(("correlation", origin.correlation_id.encode()))
        found.append(("causation", origin.causation_id.encode()))
        found.append(("cause-sent", b"%d" % origin.wall_cause_sent))
        found.append(("history", ",".join(origin.history).encode()))
    if origin.trace:
        found.append(("traceparent", origin.trace.encode()))
    if replayed:
        found.append(("replayed", b"%d" % replayed))
    return found


def market_message(body: Any) -> tuple[bytes | None, bytes, Headers]:
    """(key, value, headers) of a book, trade or mark: where every message's way begins."""
    origin = Origin(body.identity, body.identity, "", "market_data", 0, 0, body.received_time)
    key = getattr(body, "pair", None)
    found = headers(origin, exchange_time=getattr(body, "exchange_time", None))
    return (None if key is None else key.encode()), encode(body), found


def decoder(channel: str, message: Any) -> Callable[[Record], tuple[Any, Origin]]:
    """A function from record to (body, envelope) for one channel.

    It raises Reject, naming channel, partition, offset, field and value, for what is no message of this channel: no
    value, no JSON, a wrong type or missing field, no id, clocks that are no numbers, or a schema newer than ours.
    """
    read = msgspec.json.Decoder(message).decode

    def decode(record: Record) -> tuple[Any, Origin]:
        try:
            found = dict(record.headers)
            if found["schema"] != _SCHEMA:
                _check_schema(found["schema"], record)
            body = read(record.value or b"")
            message_id = found["id"].decode()
            event_time = int(found["received"])
            if not 0 <= event_time < _WIDEST:
                raise Reject("no time", field="received", value=event_time)
            if "causation" not in found:
                return body, Origin(
                    message_id,
                    message_id,
                    "",
                    channel,
                    record.partition,
                    record.offset,
                    event_time,
                    (),
                    int(found.get("sent", 0)),
                    trace=found["traceparent"].decode() if "traceparent" in found else "",
                )
            history = tuple(found["history"].decode().split(",")) if found.get("history") else ()
            if len(history) > _MOST_HISTORY:
                raise Reject("goes in circles", field="history", value=len(history))
            return body, Origin(
                message_id,
                found["correlation"].decode(),
                found["causation"].decode(),
                channel,
                record.partition,
                record.offset,
                event_time,
                history,
                int(found.get("sent", 0)),
                int(found.get("cause-sent", 0)),
                trace=found["traceparent"].decode() if "traceparent" in found else "",
            )
        except Reject as error:
            raise Reject(error.reason, field=error.field, value=error.value, where=_where(channel, record)) from None
        except KeyError as error:
            raise Reject("a header is missing", field=str(error.args[0]), where=_where(channel, record)) from None
        except msgspec.DecodeError as error:  # ValidationError, its child, names the path of the field
            reason, _, path = str(error).partition(" - at ")
            raise Reject(
                f"no {channel} message: {reason}",
                field=path.strip("`") or "value",
                value=record.value,
                where=_where(channel, record),
            ) from None
        except (ValueError, TypeError, AttributeError, RecursionError) as error:  # a header's value may be null
            raise Reject(
                f"unreadable header: {error}", field="headers", value=record.headers, where=_where(channel, record)
            ) from None

    return decode


def _where(channel: str, record: Record) -> str:
    return f"{channel}/{record.partition}/{record.offset}"


def _check_schema(found: bytes, record: Record) -> None:
    try:
        version = int(found)
    except ValueError:
        raise Reject("schema version is no number", field="schema", value=found) from None
    if version > SCHEMA:
        raise Reject(
            f"schema version {version} is newer than {SCHEMA}, the one this worker knows; upgrade the worker",
            field="schema",
            value=version,
        )
    raise Reject(f"schema version {version} is not one that ever was", field="schema", value=version)
