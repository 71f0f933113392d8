"""One trace from tick to fill, across Kafka: W3C's traceparent travels in the headers of what is traced.

Which ticks are traced is a function of their ids, and so is the trace's id: a message that comes again after a crash
lands in the trace that it belongs to. Spans leave by OTLP through a bounded queue; a dead collector costs spans, never
time.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import blake2b
from threading import Thread
from time import time_ns
from typing import Any, Protocol
from zlib import crc32

import msgspec
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span, SpanKind, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.domain.message import Origin

_QUEUE, _BATCH = 4_096, 512
"""Spans that may wait for the collector, and that are sent at once; more are dropped and counted."""
_LEAVE_S = 3.0

current_trace: ContextVar[str] = ContextVar("current_trace", default="")
"""Trace id of what is being worked on, for the logs."""

_w3c = TraceContextTextMapPropagator()


class Way(Protocol):
    """A traced message in one stage."""

    origin: Origin
    """The message's envelope, under which the stage's own messages join the trace."""

    def route(self, name: str, began: int) -> None: ...

    def done(self) -> None: ...


class Tracing:
    """Makes the spans of one process."""

    def __init__(self, share: float, exporter: SpanExporter, *, service: str, worker: str) -> None:
        self._limit = share * 2**32
        self._ids = _DerivedIds()
        resource = Resource.create({"service.name": service, "service.instance.id": worker})
        self.exporter = _Counting(exporter)
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(_Bounded(self.exporter))
        self._tracer = self._provider.get_tracer("crossbook")

    def way(self, stage: str, origin: Origin, *, answer: bool = False) -> Way | None:
        """The trace that the message belongs to, or begins; None: it is not traced. An `answer` came not by Kafka."""
        if origin.trace:
            parent = _w3c.extract({"traceparent": origin.trace})
        elif not origin.causation_id and crc32(origin.message_id.encode()) < self._limit:
            self._ids.next = int.from_bytes(blake2b(origin.correlation_id.encode(), digest_size=16).digest(), "big")
            parent = Context()
        else:
            return None
        return _Way(self._tracer, stage, origin, parent, answer=answer)

    @contextmanager
    def call(self, name: str, origin: Origin, **attributes: str) -> Iterator[None]:
        """A span around what is asked of the world for a traced message; nothing for any other."""
        if not origin.trace:
            yield
            return
        parent = _w3c.extract({"traceparent": origin.trace})
        token = current_trace.set(origin.trace.split("-")[1])
        try:
            with self._tracer.start_as_current_span(name, parent, SpanKind.CLIENT, attributes=attributes):
                yield
        finally:
            current_trace.reset(token)

    async def stop(self) -> None:
        """Sends what waits, for a few seconds at most: the SDK itself sends the whole queue, however long it takes."""
        leaving = Thread(target=self._provider.shutdown, daemon=True)
        leaving.start()
        await asyncio.to_thread(leaving.join, _LEAVE_S)


class _Way:
    def __init__(self, tracer: Any, stage: str, origin: Origin, parent: Context, *, answer: bool) -> None:
        now = time_ns()
        place = {
            "messaging.system": "kafka",
            "messaging.destination.name": origin.channel,
            "messaging.destination.partition.id": str(origin.partition),
            "messaging.kafka.offset": origin.offset,
            "crossbook.message_id": origin.message_id,
            "crossbook.correlation_id": origin.correlation_id,
        }
        name, above, kind = f"{stage} answer", parent, SpanKind.INTERNAL
        if not answer:
            sent = origin.wall_sent or now
            transit = tracer.start_span(f"publish {origin.channel}", parent, SpanKind.PRODUCER, place, start_time=sent)
            transit.end(max(now, sent))
            name, above, kind = f"{stage} {origin.channel}", set_span_in_context(transit, parent), SpanKind.CONSUMER
        self._tracer = tracer
        self._span: Span = tracer.start_span(name, above, kind, place, start_time=now)
        self._context = set_span_in_context(self._span, parent)
        carrier: dict[str, str] = {}
        _w3c.inject(carrier, self._context)
        self.origin = msgspec.structs.replace(origin, trace=carrier["traceparent"])

    def route(self, name: str, began: int) -> None:
        self._tracer.start_span(name, self._context, start_time=began).end()

    def done(self) -> None:
        self._span.end()


class _DerivedIds(RandomIdGenerator):
    """The next trace gets the id that was asked for."""

    next: int | None = None

    def generate_trace_id(self) -> int:
        wanted, self.next = self.next, None
        return wanted or super().generate_trace_id()


class _Bounded(BatchSpanProcessor):
    """The SDK's queue drops its oldest spans without a word when it is full: these are counted."""

    def __init__(self, exporter: "_Counting") -> None:
        super().__init__(exporter, max_queue_size=_QUEUE, max_export_batch_size=_BATCH)
        self._exporter = exporter
        self._ended = 0

    def on_end(self, span: ReadableSpan) -> None:
        self._ended += 1
        if self._ended - self._exporter.sent - self._exporter.dropped > _QUEUE + _BATCH:
            self._exporter.dropped += 1
        super().on_end(span)


class _Counting(SpanExporter):
    """Counts what was sent and what was lost on the way to the collector."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.sent = 0
        self.dropped = 0

    def export(self, spans: Any) -> SpanExportResult:
        found: list[ReadableSpan] = list(spans)
        try:
            result = self._exporter.export(found)
        except Exception:
            self.dropped += len(found)
            raise
        if result is SpanExportResult.SUCCESS:
            self.sent += len(found)
        else:
            self.dropped += len(found)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)
