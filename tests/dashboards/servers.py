"""A real Prometheus and a real Alertmanager of a test's own, on loopback, and what they are asked."""

import json
import math
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from app.broker.ports import FIRST, LAST, is_free

START_WITHIN_S = 30


class Sample(NamedTuple):
    labels: dict[str, str]
    value: float


def program(name: str, package: str) -> str:
    """Where the program is. Skips where it is not."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here: apt install {package}")
    return found


def free_port() -> int:
    return next(port for port in random.sample(range(FIRST, LAST), 200) if is_free(port))


class Prometheus:
    """Scrapes every second. `rules` are read as they are; alerts go to `alertmanager`, where there is one."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str) -> list[Sample]:
        """What it says now, without what is no number; fails on an expression that it does not understand."""
        try:
            found = _get(f"{self.url}/api/v1/query?{urlencode({'query': expression})}")
        except HTTPError as error:
            raise AssertionError(f"{expression}: {json.load(error)['error']}") from None
        samples = [Sample(each["metric"], float(each["value"][1])) for each in found["data"]["result"]]
        return [sample for sample in samples if not math.isnan(sample.value)]

    def firing(self) -> set[str]:
        """Names of the alerts that fire, by Prometheus's own account."""
        alerts = _get(f"{self.url}/api/v1/alerts")["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


class Alertmanager:
    def __init__(self, url: str) -> None:
        self.url = url

    def alerts(self, name: str) -> list[dict[str, Any]]:
        """Those of the name that it holds for active."""
        question = urlencode({"active": "true", "filter": f'alertname="{name}"'})
        found: list[dict[str, Any]] = _get(f"{self.url}/api/v2/alerts?{question}")
        return found


@contextmanager
def prometheus(
    folder: Path, metrics: int, *, rules: Path | None = None, alertmanager: str = ""
) -> Iterator[Prometheus]:
    """One that scrapes the worker at that port."""
    settings: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [{"job_name": "crossbook", "static_configs": [{"targets": [f"127.0.0.1:{metrics}"]}]}],
        "rule_files": [str(rules)] if rules else [],
    }
    if alertmanager:
        target = alertmanager.removeprefix("http://")
        settings["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [target]}]}]}
    port = free_port()
    command = [
        program("prometheus", "prometheus"),
        f"--config.file={_written(folder / 'prometheus.yml', settings)}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with _running(command, folder / "prometheus.log", f"http://127.0.0.1:{port}") as url:
        yield Prometheus(url)


@contextmanager
def alertmanager(folder: Path) -> Iterator[Alertmanager]:
    """One that tells nobody, at once."""
    settings = {
        "route": {"receiver": "nobody", "group_wait": "0s", "group_interval": "1s"},
        "receivers": [{"name": "nobody"}],
    }
    port = free_port()
    command = [
        program("prometheus-alertmanager", "prometheus-alertmanager"),
        f"--config.file={_written(folder / 'alertmanager.yml', settings)}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",  # it is alone
    ]
    with _running(command, folder / "alertmanager.log", f"http://127.0.0.1:{port}") as url:
        yield Alertmanager(url)


@contextmanager
def _running(command: list[str], log: Path, url: str) -> Iterator[str]:
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)  # noqa: S603 - a program of the machine
    try:
        deadline = time.monotonic() + START_WITHIN_S
        while not _ready(url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, f"{command[0]} was not ready within {START_WITHIN_S} s"
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(15)


def _ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/-/ready", timeout=5) as answer:  # noqa: S310 - our own server
            return bool(answer.status == 200)
    except (URLError, ConnectionError):
        return False


def _get(url: str) -> Any:
    with urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
        return json.load(answer)


def _written(file: Path, content: object) -> Path:
    file.write_text(yaml.safe_dump(content))
    return file
