"""compose.yaml offers the Kafka that we embed, to this machine alone, and no password of its own."""

import re
from pathlib import Path

from app.broker.jars import kafka_version
from app.broker.properties import server_properties

COMPOSE = (Path(__file__).parents[3] / "compose.yaml").read_text()


def test_docker_runs_the_kafka_that_we_embed():
    assert f"image: apache/kafka:{kafka_version()}\n" in COMPOSE


def test_docker_publishes_ports_on_the_loopback_address_alone():
    published = re.findall(r'- "([\d.:]+:\d+)"', COMPOSE)

    assert len(published) == 2
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_limits_that_clients_depend_on_are_those_of_the_embedded_broker():
    ours = server_properties(Path("/data"), 1, 2)

    for name in ("auto.create.topics.enable", "group.min.session.timeout.ms", "message.max.bytes"):
        variable = "KAFKA_" + name.upper().replace(".", "_")
        assert re.search(rf'{variable}: "?{ours[name]}"?\n', COMPOSE)


def test_there_is_no_default_password():
    assert "POSTGRES_PASSWORD:" not in COMPOSE
    assert ":-" not in COMPOSE
