"""What does it cost to be watched? All three stages with metrics served and scraped, and with 0, 1 and 100 % traced."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import urlopen

from tests.benchmarks.process import child
from tests.benchmarks.throughput import Bench, Speed, all_three

_SCRAPE_S = 1.0
"""Fifteen times as often as most people scrape."""


async def unobserved(bench: Bench) -> Speed:
    """No server, no traces; the counting itself stays: it is part of the stages."""
    return await all_three(bench, metrics_port=-1)


async def scraped(bench: Bench) -> Speed:
    port = _free_port()
    scraping = asyncio.create_task(_scrape(f"http://127.0.0.1:{port}/metrics"))
    try:
        return await all_three(bench, metrics_port=port)
    finally:
        scraping.cancel()


async def traced_1(bench: Bench) -> Speed:
    return await _traced(bench, 0.01)


async def traced_100(bench: Bench) -> Speed:
    """An eighth of the messages: it is slow."""
    return await _traced(bench._replace(messages=bench.messages[: len(bench.messages) // 8]), 1.0)


async def _traced(bench: Bench, share: float) -> Speed:
    async with _collector() as url:
        return await all_three(bench, metrics_port=-1, otlp_endpoint=url, trace_share=share)


async def _scrape(url: str) -> None:
    while True:
        await asyncio.sleep(_SCRAPE_S)
        try:
            await asyncio.to_thread(lambda: urlopen(url, timeout=5).read())  # noqa: S310 our own worker
        except OSError:
            continue  # it has not started yet, or is gone


@asynccontextmanager
async def _collector() -> AsyncIterator[str]:
    """A process that takes spans and forgets them."""
    port = _free_port()
    async with child("observed", port=port):
        yield f"http://127.0.0.1:{port}/v1/traces"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class _Forgetting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing to say."""


if __name__ == "__main__":
    import sys

    ThreadingHTTPServer(("127.0.0.1", json.loads(sys.argv[1])["port"]), _Forgetting).serve_forever()
