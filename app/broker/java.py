"""The programs that the embedded broker needs: Java always, Maven until the jars are there."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from app.domain.errors import ConfigurationError

OLDEST_JAVA = 17  # what Kafka 4's server is compiled for
_ADVICE = (
    "install it (Debian: `apt install openjdk-17-jre-headless maven`), "
    "or point CROSSBOOK_BROKER=kafka://host:9092 at a broker that is already there"
)


def find_java() -> str:
    """Path of a Java that can run Kafka: JAVA_HOME's, else the first on the PATH.

    Raises ConfigurationError when there is none or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not java or not os.access(java, os.X_OK):
        where = f"JAVA_HOME={home} has no bin/java" if home else "there is no java on the PATH"
        raise ConfigurationError(f"the embedded broker needs Java {OLDEST_JAVA} or newer, and {where}: {_ADVICE}")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603 our own list
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if found is None or int(found[1]) < OLDEST_JAVA:
        version = f"is version {found[1]}" if found else f"tells no version ({said.strip()[:80]!r})"
        raise ConfigurationError(
            f"the embedded broker needs Java {OLDEST_JAVA} or newer, and {java} {version}: {_ADVICE}"
        )
    return java


def find_maven(missing: Path) -> str:
    """Path of Maven, wanted because the jars are not in `missing`. Raises ConfigurationError when there is none."""
    maven = shutil.which("mvn")
    if maven is None:
        raise ConfigurationError(
            f"the embedded broker's jars are not in {missing}, and there is no mvn on the PATH to fetch them: {_ADVICE}"
        )
    return maven
