"""One trace from tick to fill, across Kafka, in a collector that speaks OTLP; and a collector that is dead."""

from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from app.feeds.generator import generated
from app.feeds.recording import Recording
from app.feeds.synthetic import Market
from tests.end_to_end.conftest import DEMO
from tests.end_to_end.runs import differences, replayed, settings_of

pytestmark = pytest.mark.broker

Span = Any


class Collector(ThreadingHTTPServer):
    """Takes spans as OTLP over HTTP brings them."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        super().__init__(("127.0.0.1", 0), _Taking)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/traces"


class _Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans += scope.spans
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing to say."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def small() -> Recording:
    return generated(Market(seconds=6, updates_per_second=200))


async def test_a_trade_is_one_trace_from_its_tick_to_the_ledger(
    broker: str, home: Any, small: Recording, collector: Collector
) -> None:
    changes = {"otlp_endpoint": collector.url, "trace_share": 0.15}  # all of them would overflow the queue
    settings = settings_of(broker, home, small, venues=DEMO, depletion=True, unlimited_funds=False, **changes)

    ended = await replayed(settings, small)

    assert ended.summary["orders"] > 0
    traces: dict[bytes, list[Span]] = defaultdict(list)
    for span in collector.spans:
        traces[span.trace_id].append(span)
    whole = max(traces.values(), key=len)
    names = [span.name for span in whole]
    for name in (
        "publish market_data", "decide market_data", "message_filter", "detector", "sizing",
        "publish trade_orders", "execute trade_orders", "process_manager",
        "call buy", "call sell", "publish trade_results", "account trade_results",
    ):  # fmt: skip
        assert name in names
    known = {span.span_id for span in whole}
    roots = [span.name for span in whole if not span.parent_span_id]
    assert set(roots) == {"publish market_data"}
    assert all(span.parent_span_id in known for span in whole if span.parent_span_id)
    assert all(span.end_time_unix_nano >= span.start_time_unix_nano for span in whole)


async def test_a_dead_collector_costs_spans_and_nothing_else(broker: str, home: Any, small: Recording) -> None:
    plain = settings_of(broker, home, small, venues=DEMO, depletion=True, unlimited_funds=False)
    dead = plain.model_copy(update={"otlp_endpoint": "http://127.0.0.1:9/v1/traces", "trace_share": 1.0})

    undisturbed, traced = await replayed(plain, small), await replayed(dead, small)

    assert await differences(undisturbed.run.settings, traced.run.settings) == []
