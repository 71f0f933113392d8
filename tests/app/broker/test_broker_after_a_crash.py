"""Whatever is killed, with -9 and at the worst moment, the next start gets a broker with the data that was written."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from app.broker.launch import birth

pytestmark = pytest.mark.broker

STARTER = """
import sys, time
from pathlib import Path
from app.broker.embedded import EmbeddedBroker
print("here", flush=True)
print(EmbeddedBroker(Path(sys.argv[1]), mode=sys.argv[2]).start(), flush=True)
time.sleep(600)
"""


def start_in_another_process(data_dir: Path, mode: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603 our own list
        [sys.executable, "-c", STARTER, str(data_dir), mode], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert process.stdout.readline() == "here\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    process.stdout.close()


async def test_a_child_ends_when_its_parent_is_killed_and_blocks_nobody(make_broker, client, until):
    broker = make_broker()
    parent = start_in_another_process(broker.data_dir, "child")
    url = parent.stdout.readline().strip()
    await client(url).write(b"kept")
    state = broker.state()

    kill(parent)
    until(lambda: not state.alive())
    again = broker.start()

    assert again == url
    assert broker.pid != state.pid
    assert await client(again).read(1) == [b"kept"]


def test_a_child_that_was_adopted_outlives_its_parent(make_broker, until):
    broker = make_broker(mode="detached")
    parent = start_in_another_process(broker.data_dir, "child")
    url = parent.stdout.readline().strip()
    guard = psutil.Process(broker.pid).children()

    adopted = broker.start()
    kill(parent)

    assert adopted == url
    assert len(guard) == 1
    until(lambda: not birth(guard[0].pid))  # it has seen the end of the parent
    assert broker.running()
    assert make_broker().start() == url


async def test_a_start_right_after_the_parent_was_killed_gets_a_broker_that_stays(make_broker, client):
    broker = make_broker()
    parent = start_in_another_process(broker.data_dir, "child")
    parent.stdout.readline()

    kill(parent)
    url = broker.start()

    await client(url).write(b"one")
    assert await client(url).read(1) == [b"one"]
    assert broker.started_here


def test_a_parent_killed_while_it_starts_blocks_nobody(make_broker, until):
    broker = make_broker()
    parent = start_in_another_process(broker.data_dir, "detached")
    until(broker.state)

    kill(parent)
    broker.start()

    assert broker.running()


def test_a_parent_killed_while_it_formats_blocks_nobody(make_broker, until):
    broker = make_broker()
    parent = start_in_another_process(broker.data_dir, "child")
    until(lambda: list(broker.data_dir.glob("format-*")))

    kill(parent)
    broker.start()

    assert broker.running()


def test_a_detached_broker_outlives_its_parent_and_is_found(make_broker):
    broker = make_broker()
    parent = start_in_another_process(broker.data_dir, "detached")
    url = parent.stdout.readline().strip()
    pid = broker.pid

    kill(parent)

    assert broker.start() == url
    assert broker.pid == pid
    assert not broker.stop()
    assert broker.stop(found=True)
    assert not broker.running()


async def test_a_killed_broker_starts_again_with_its_data(make_broker, client, until):
    broker = make_broker()
    url = broker.start()
    await client(url).write(b"kept")
    state = broker.state()

    os.kill(state.pid, signal.SIGKILL)
    until(lambda: not state.alive())
    again = broker.start()

    assert again == url
    assert broker.started_here
    assert await client(again).read(1) == [b"kept"]


def test_a_broker_that_is_stuck_is_replaced(make_broker, until, monkeypatch):
    broker, said = make_broker(mode="detached"), []
    broker.start()
    stuck = broker.pid
    os.kill(stuck, signal.SIGSTOP)
    until(lambda: not broker.running())  # stopping takes a moment, too
    monkeypatch.setattr("app.broker.launch.end.__defaults__", (0.5,))
    monkeypatch.setattr("app.broker.embedded.PATIENCE_S", 1.0)

    finder = make_broker(say=said.append)
    finder.start(timeout=30.0)

    assert finder.running()
    assert finder.pid != stuck
    assert f"process id {stuck} does not answer" in said[0]
    assert broker.state().pid == finder.pid
    assert not broker.stop()  # it is not the one that this object started


def test_a_recycled_process_id_is_not_taken_for_the_broker(make_broker):
    broker = make_broker()
    broker.data_dir.mkdir()
    ours = {"pid": os.getpid(), "born": "1@another-boot", "port": 9, "controller_port": 9, "cluster": "x"}
    state = {**ours, "started_at": datetime.now(UTC).isoformat()}
    (broker.data_dir / "broker.json").write_text(json.dumps(state))

    pid = broker.pid
    broker.start()

    assert pid is None
    assert broker.running()
    assert broker.pid != os.getpid()


def test_a_damaged_state_file_is_as_good_as_none(make_broker):
    broker = make_broker()
    broker.data_dir.mkdir()
    (broker.data_dir / "broker.json").write_text('{"pid": 12')

    broker.start()

    assert broker.running()


def test_a_process_that_ended_has_no_birth():
    process = subprocess.Popen([sys.executable, "-c", ""])

    process.wait()

    assert birth(process.pid) == ""
    assert birth(os.getpid()) != ""
