"""Which messages are traced, under which ids; and a collector that does not answer."""

import time

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.domain.message import Origin
from app.telemetry import tracing as tracings
from app.telemetry.tracing import Tracing
from tests.builders import origin


def traced(share: float) -> tuple[Tracing, InMemorySpanExporter]:
    kept = InMemorySpanExporter()
    return Tracing(share, kept, service="test", worker="w"), kept


def trace_of(found: Origin) -> str:
    return found.trace.split("-")[1]


def test_a_tick_begins_the_same_trace_each_time_it_comes() -> None:
    first, again = traced(1.0)[0].way("decide", origin(7)), traced(1.0)[0].way("decide", origin(7))

    assert first is not None
    assert again is not None
    assert trace_of(first.origin) == trace_of(again.origin)


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_a_share_of_ticks_is_traced(share: float) -> None:
    tracing, _ = traced(share)

    found = sum(tracing.way("decide", origin(number)) is not None for number in range(400))

    assert found == pytest.approx(400 * share, abs=40)


def test_what_comes_of_a_traced_message_joins_its_trace_whatever_the_share() -> None:
    tick = traced(1.0)[0].way("decide", origin(7))
    assert tick is not None
    order = origin(8, causation_id="m7", trace=tick.origin.trace)

    found = traced(0.0)[0].way("execute", order)

    assert found is not None
    assert trace_of(found.origin) == trace_of(tick.origin)
    assert found.origin.trace != tick.origin.trace


def test_what_comes_of_an_untraced_message_is_untraced() -> None:
    assert traced(1.0)[0].way("execute", origin(8, causation_id="m7")) is None


async def test_a_collector_that_is_away_costs_spans_that_are_counted_and_a_few_seconds_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracings, "_LEAVE_S", 0.5)
    tracing = Tracing(1.0, OTLPSpanExporter(endpoint="http://127.0.0.1:9/", timeout=1), service="t", worker="w")
    for number in range(4_000):
        way = tracing.way("decide", origin(number))
        assert way is not None
        way.done()

    began = time.monotonic()
    await tracing.stop()

    assert time.monotonic() - began < 3
    assert tracing.exporter.dropped > 1_000
