"""Probes and scrapes over real HTTP."""

import json
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.registry import CollectorRegistry

from app.domain.errors import ConfigurationError
from app.telemetry import health as healths
from app.telemetry.health import Check, Health
from app.telemetry.serve import Exposition


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def url(health: Health) -> Iterator[str]:
    server = Exposition(CollectorRegistry(), health, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.start()}"
    server.stop()


def asked(url: str) -> tuple[int, dict[str, object]]:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 our own server
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def test_one_failed_check_makes_it_unready_and_names_itself_and_leaves_it_alive(health: Health, url: str) -> None:
    checks = [Check("a", True, "fine"), Check("b", False, "recovering")]
    health.readiness.append(lambda: checks)

    code, said = asked(f"{url}/readyz")

    assert (code, said["ok"]) == (503, False)
    assert said["checks"][-1] == {"name": "b", "ok": False, "detail": "recovering"}  # type: ignore[index]
    assert asked(f"{url}/healthz")[0] == 200
    checks.pop()
    assert asked(f"{url}/readyz")[0] == 200


def test_a_loop_that_does_not_turn_is_dead(health: Health, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(healths, "DEAD_AFTER_S", 0.0)

    assert asked(f"{url}/healthz")[0] == 503


def test_metrics_are_text_that_prometheus_reads(url: str) -> None:
    with urlopen(f"{url}/metrics", timeout=5) as answer:  # noqa: S310 our own server
        assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, "text/plain")


def test_a_port_in_use_is_named_with_the_setting(url: str) -> None:
    port = int(url.rpartition(":")[2])

    with pytest.raises(ConfigurationError, match=rf"127.0.0.1:{port}.*CROSSBOOK_METRICS_PORT"):
        Exposition(CollectorRegistry(), Health(), "127.0.0.1", port).start()
