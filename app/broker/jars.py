"""Kafka's jars: fetched once by Maven as app/broker/pom.xml says, used offline ever after."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.broker.java import find_maven
from app.broker.locks import exclusive
from app.broker.say import Say, quiet
from app.domain.errors import ConfigurationError

POM = Path(__file__).with_name("pom.xml")
DOWNLOAD_TIMEOUT_S = 600.0


def kafka_version() -> str:
    """The version of Kafka that the pom names, for example 4.1.1."""
    found = re.search(r"<artifactId>kafka_[\d.]+</artifactId>\s*<version>([\d.]+)</version>", POM.read_text())
    if found is None:
        raise ConfigurationError(f"{POM} names no version of Kafka; restore the file")
    return found[1]


def resolve(home: Path, say: Say = quiet) -> Path:
    """The folder of Kafka's jars, `<home>/kafka/<version>/libs`, downloaded into it if this is the first time.

    The folder appears by one rename after the last jar, so that it is whole if it is there; of two that ask at once,
    one downloads and the other waits. Raises ConfigurationError when Maven is missing or fails, with its own reason.
    """
    libs = home / "kafka" / kafka_version() / "libs"
    if libs.is_dir():
        return libs
    maven = find_maven(libs)
    libs.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(libs.parent / "download.lock", DOWNLOAD_TIMEOUT_S):
        if not libs.is_dir():
            say(f"downloading Apache Kafka {kafka_version()} (45 MB, once) to {libs} ...")
            with _scratch(libs.parent) as scratch:
                _download(maven, scratch)
                (scratch / "libs").rename(libs)
    return libs


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    for leftover in parent.glob("partial-*"):  # of a download that was killed: we hold the lock, so nobody is at it
        shutil.rmtree(leftover, ignore_errors=True)
    path = Path(tempfile.mkdtemp(prefix="partial-", dir=parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _download(maven: str, scratch: Path) -> None:
    shutil.copy(POM, scratch)  # Maven writes beside its pom, and the installed package may be read-only
    command = [maven, "-q", "-B", "-C", "-f", str(scratch / "pom.xml"), "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={scratch.resolve() / 'libs'}"]
    try:
        done = subprocess.run(  # noqa: S603 our own list
            command,
            cwd=scratch,
            env={**os.environ, "MAVEN_OPTS": os.environ.get("MAVEN_OPTS", "") + " -Dstyle.color=never"},
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(
            f"downloading Kafka's jars took more than {DOWNLOAD_TIMEOUT_S:.0f} s; try again on a better network"
        ) from None
    if done.returncode != 0 or not any((scratch / "libs").glob("kafka_*.jar")):
        raise ConfigurationError(f"Maven could not fetch Kafka's jars: {_reason(done.stdout + done.stderr)}")


def _reason(output: str) -> str:
    """The last error line that says something: what follows it is advice about Maven itself."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", output)
    lines = [line.removeprefix("[ERROR]").partition("-> [Help")[0].strip() for line in plain.splitlines()]
    advice = ("[Help", "To see the full stack trace", "Re-run Maven", "For more information", "After correct")
    telling = [line for line in lines if line and not line.startswith(advice)]
    return telling[-1][:600] if telling else f"it said nothing; try `mvn -f {POM} dependency:copy-dependencies`"
