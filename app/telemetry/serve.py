"""/metrics, /healthz and /readyz over HTTP, in a thread of its own: a slow or dead scraper holds nothing up."""

import json
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app
from prometheus_client.registry import CollectorRegistry

from app.domain.errors import ConfigurationError
from app.telemetry.health import Check, Health

Answer = Callable[[str, list[tuple[str, str]]], Any]


class _Quiet(WSGIRequestHandler):
    timeout = 10
    """Seconds for a client that sends nothing: there is one thread."""

    def log_message(self, format: str, *args: Any) -> None:
        """A line a scrape is no news."""


class Exposition:
    """The server. `port` 0 takes a free one; `start` says which."""

    def __init__(self, registry: CollectorRegistry, health: Health, host: str, port: int) -> None:
        self._metrics = make_wsgi_app(registry)
        self._health = health
        self._host, self._port = host, port
        self._server: WSGIServer | None = None

    def start(self) -> int:
        """Listens from now on; the port. Raises ConfigurationError where it is taken."""
        try:
            server = make_server(self._host, self._port, self._answer, handler_class=_Quiet)
        except OSError as error:
            raise ConfigurationError(
                f"cannot serve metrics at {self._host}:{self._port}: {error.strerror}; set CROSSBOOK_METRICS_PORT to "
                "another port, or to 0 for none"
            ) from error
        self._server = server
        Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        return int(server.server_port)

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def _answer(self, environ: dict[str, Any], start: Answer) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            found: Iterable[bytes] = self._metrics(environ, start)
            return found
        if path == "/healthz":
            return _checks(self._health.live(), start)
        if path == "/readyz":
            return _checks(self._health.ready(), start)
        start("404 Not Found", [("Content-Type", "text/plain")])
        return [b"there are /metrics, /healthz and /readyz\n"]


def _checks(found: list[Check], start: Answer) -> Iterable[bytes]:
    ok = all(check.ok for check in found)
    start("200 OK" if ok else "503 Service Unavailable", [("Content-Type", "application/json")])
    checks = [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in found]
    return [json.dumps({"ok": ok, "checks": checks}).encode()]
