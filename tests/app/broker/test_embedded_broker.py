"""The embedded broker, for real: it serves, keeps its data, and is found by whoever comes next."""

import socket
import threading
from pathlib import Path

import pytest

from app.broker import ports
from app.domain.errors import NotRunning

pytestmark = pytest.mark.broker


async def test_a_restart_keeps_the_data_and_the_address(make_broker, client):
    broker = make_broker()
    first = broker.start()
    await client(first).write(b"one", b"two")

    stopped = broker.stop()
    second = broker.start()

    assert stopped
    assert second == first
    assert await client(second).read(2) == [b"one", b"two"]


def test_a_stopped_broker_is_gone_and_says_so(make_broker):
    broker = make_broker()
    broker.start()
    pid = broker.pid

    broker.stop()

    assert pid is not None
    assert not broker.running()
    assert broker.pid is None
    assert not broker.stop()


def test_who_finds_a_broker_running_uses_it_and_leaves_it(make_broker):
    starter, finder = make_broker(), make_broker()
    url = starter.start()

    found = finder.start()
    stopped = finder.stop()

    assert found == url
    assert not stopped
    assert starter.running()


def test_two_starts_at_once_make_one_broker(make_broker):
    brokers = [make_broker(), make_broker(), make_broker()]
    threads = [threading.Thread(target=broker.start) for broker in brokers]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({broker.pid for broker in brokers}) == 1
    assert sum(broker.started_here for broker in brokers) == 1
    assert brokers[0].running()  # although the thread that started it has ended


def test_it_listens_on_the_loopback_address_alone(make_broker):
    broker = make_broker()
    broker.start()

    state = broker.state()
    properties = (broker.data_dir / "server.properties").read_text()

    for port in (state.port, state.controller_port):
        assert f"://127.0.0.1:{port}" in properties
        with socket.socket() as other, pytest.raises(OSError, match="refused"):
            other.connect(("127.0.0.2", port))


async def test_a_port_taken_since_the_last_run_is_replaced_and_the_data_kept(make_broker, client):
    broker = make_broker()
    first = broker.start()
    await client(first).write(b"kept")
    broker.stop()

    with socket.create_server(("127.0.0.1", int(first.rpartition(":")[2]))):
        second = broker.start()
        values = await client(second).read(1)

    assert second != first
    assert values == [b"kept"]


def test_a_port_taken_between_our_look_and_kafkas_is_replaced(make_broker, monkeypatch):
    broker = make_broker()
    choose, looks = ports.choose, []

    with socket.create_server(("127.0.0.1", 0)) as taken:

        def choose_taken_once(file: Path) -> tuple[int, int]:
            looks.append(file)
            return (taken.getsockname()[1] if len(looks) == 1 else choose(file)[0], choose(file)[1])

        monkeypatch.setattr(ports, "choose", choose_taken_once)
        broker.start()

    assert len(looks) == 2
    assert broker.running()


def test_a_broker_that_cannot_start_shows_the_end_of_its_log_and_where_that_is(make_broker):
    broker = make_broker(properties={"log.segment.bytes": "many"})

    with pytest.raises(NotRunning) as refused:
        broker.start()

    assert "Invalid value many for configuration log.segment.bytes" in str(refused.value)
    assert str(broker.log) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert broker.pid is None


def test_a_child_that_a_detached_start_found_lives_on(make_broker, until):
    owner, finder = make_broker(), make_broker(mode="detached")
    url = owner.start()

    found = finder.start()
    stopped = owner.stop()

    assert found == url
    assert not stopped
    assert finder.running()
    assert not owner.started_here


def test_a_broker_whose_state_file_was_deleted_can_still_be_stopped_by_its_starter(make_broker):
    broker = make_broker(mode="detached")
    broker.start()
    state = broker.state()
    (broker.data_dir / "broker.json").unlink()

    assert broker.stop()
    assert not state.alive()
