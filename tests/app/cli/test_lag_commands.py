"""Lag from outside: no worker need run, a broker must."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from aiokafka import AIOKafkaProducer

from app.broker.connection import client_arguments
from app.broker.topics import TopicSpec, create_topics
from app.settings import load

PROJECT = Path(__file__).parents[3]


def test_without_a_broker_it_says_how_to_start_one(crossbook):
    answer = crossbook("lag")

    assert answer.code == 3
    assert "crossbook broker start" in answer.err


@pytest.fixture
async def waiting(broker, namespace):
    """Two orders that no worker has read."""
    settings = load(broker=broker, namespace=namespace)
    arguments = client_arguments(settings)
    await create_topics(
        arguments, [TopicSpec(f"{namespace}.trade_orders", 1), TopicSpec(f"{namespace}.dead_letters", 1)]
    )
    async with AIOKafkaProducer(**arguments) as producer:
        for _ in range(2):
            await producer.send_and_wait(f"{namespace}.trade_orders", b"{}")
    return settings


@pytest.mark.broker
def test_the_lag_of_a_stage_that_never_ran_is_known(crossbook, waiting):
    answer = crossbook("lag", "--json", "--every", "0.1", broker=waiting.broker, namespace=waiting.namespace)

    assert answer.code == 0, answer.err
    (row,) = answer.json["partitions"]
    assert (row["stage"], row["channel"], row["messages"], row["committed"]) == ("execute", "trade_orders", 2, None)
    assert row["word"] == "STALL"
    assert row["seconds"] > 0
    assert answer.json["dead_letters"] == {"messages": 0, "oldest_at": None}


@pytest.mark.broker
def test_the_exporter_serves_it_to_prometheus(waiting, tmp_path):
    chosen = {"CROSSBOOK_BROKER": waiting.broker, "CROSSBOOK_NAMESPACE": waiting.namespace}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "exporter", "--port", "0", "--json"],
        env={**os.environ, **chosen, "CROSSBOOK_HOME": str(tmp_path), "PYTHONPATH": str(PROJECT)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = json.loads(process.stdout.readline())["url"]
        lag = 'crossbook_channel_lag_messages{channel="trade_orders",partition="0",stage="execute"} 2.0'
        deadline, text = time.monotonic() + 20, ""
        while lag not in text and time.monotonic() < deadline:
            with urlopen(url, timeout=5) as answer:  # noqa: S310 our own server
                text = answer.read().decode()
            time.sleep(0.1)
        assert lag in text
    finally:
        process.terminate()
        assert process.wait(10) == 0
