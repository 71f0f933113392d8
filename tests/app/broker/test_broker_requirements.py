"""What is missing is said in one line, with how to get it."""

import os
import shutil
from pathlib import Path

import pytest

from app.broker.embedded import EmbeddedBroker
from app.broker.jars import kafka_version, resolve
from app.domain.errors import ConfigurationError


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An otherwise empty folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


def program(file: Path, script: str) -> None:
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_no_java_is_said_in_one_line_with_both_ways_out(programs, tmp_path):
    with pytest.raises(ConfigurationError) as refused:
        EmbeddedBroker(tmp_path / "broker").start()

    assert str(refused.value) == (
        "the embedded broker needs Java 17 or newer, and there is no java on the PATH: install it "
        "(Debian: `apt install openjdk-17-jre-headless maven`), "
        "or point CROSSBOOK_BROKER=kafka://host:9092 at a broker that is already there"
    )


@pytest.mark.parametrize(("said", "version"), [("1.8.0_392", "8"), ("11.0.21", "11")])
def test_a_java_that_is_too_old_is_named_with_its_version(programs, tmp_path, said, version):
    program(programs / "java", f"echo 'openjdk version \"{said}\" 2023-10-17' >&2")

    with pytest.raises(
        ConfigurationError, match=f"Java 17 or newer, and {programs}/java is version {version}: install"
    ):
        EmbeddedBroker(tmp_path / "broker").start()


def test_java_home_comes_before_the_path(programs, tmp_path, monkeypatch):
    program(programs / "java", "echo 'openjdk version \"21.0.1\"' >&2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))

    with pytest.raises(ConfigurationError, match="nowhere has no bin/java"):
        EmbeddedBroker(tmp_path / "broker").start()


def test_maven_is_wanted_only_while_the_jars_are_missing(programs, tmp_path):
    libs = tmp_path / "kafka" / kafka_version() / "libs"

    with pytest.raises(ConfigurationError, match="no mvn on the PATH") as refused:
        resolve(tmp_path)
    libs.mkdir(parents=True)

    assert str(libs) in str(refused.value)
    assert resolve(tmp_path) == libs


def test_a_failed_download_shows_mavens_reason_and_leaves_nothing(programs, tmp_path):
    errors = ["[ERROR] Failed to execute goal: Unknown host maven.invalid -> [Help 1]", "[ERROR]", "[ERROR] [Help 1] x"]
    program(programs / "mvn", "\n".join([f"echo '{line}'" for line in errors] + ["exit 1"]))
    said = []

    with pytest.raises(ConfigurationError, match="could not fetch Kafka's jars: Failed to execute goal: Unknown host"):
        resolve(tmp_path, said.append)

    assert said[0].startswith("downloading Apache Kafka 4.1.1")
    assert [file.name for file in (tmp_path / "kafka" / "4.1.1").iterdir()] == ["download.lock"]


def test_a_download_that_was_killed_is_not_taken_as_complete(programs, tmp_path, monkeypatch):
    killed = tmp_path / "kafka" / "4.1.1" / "partial-abc" / "libs"
    killed.mkdir(parents=True)
    (killed / "kafka_2.13-4.1.1.jar").touch()
    monkeypatch.setenv("PATH", f"{programs}:{os.defpath}")
    fetch = 'for part; do case $part in -DoutputDirectory=*) out=${part#*=};; esac; done; mkdir "$out"; touch "$out"/'
    program(programs / "mvn", f"{fetch}kafka_2.13-4.1.1.jar")

    libs = resolve(tmp_path)

    assert [jar.name for jar in libs.iterdir()] == ["kafka_2.13-4.1.1.jar"]
    assert not killed.exists()


@pytest.mark.broker
def test_the_jars_are_those_of_the_pom(kafka_jars):
    names = {jar.name for jar in kafka_jars.iterdir()}

    assert f"kafka_2.13-{kafka_version()}.jar" in names
    assert {name for name in names if name.startswith("log4j-slf4j-impl")}


@pytest.mark.broker
def test_mavens_own_failure_is_told_apart_from_its_advice(kafka_jars, tmp_path, monkeypatch):
    empty = tmp_path / "settings.xml"
    mirror = "<mirror><id>none</id><url>http://127.0.0.1:9/</url><mirrorOf>*</mirrorOf></mirror>"
    empty.write_text(
        f"<settings><localRepository>{tmp_path}/m2</localRepository><mirrors>{mirror}</mirrors></settings>"
    )
    real = shutil.which("mvn")
    if real is None:
        pytest.skip("no Maven here: apt install maven")
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin" / "mvn", f'exec {real} -s {empty} "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")

    with pytest.raises(ConfigurationError) as refused:
        resolve(tmp_path)

    assert "127.0.0.1:9" in str(refused.value)
    assert "Help" not in str(refused.value)
