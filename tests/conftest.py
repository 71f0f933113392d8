"""What every test may ask for: one real Kafka for the whole session, and a namespace of one's own in it."""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.broker.embedded import EmbeddedBroker
from app.broker.jars import kafka_version, resolve

PROJECT = Path(__file__).parent.parent
HOME = PROJECT / ".crossbook"  # the jars lie in its kafka/, downloaded once for all sessions


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The optional folder of recordings. Skips where there is none."""
    folder = Path(os.environ.get("CROSSBOOK_RECORDINGS") or PROJECT.parent / "shared" / "recordings")
    if not folder.is_dir():
        pytest.skip(f"no folder of recordings at {folder}: set CROSSBOOK_RECORDINGS to have one read")
    return folder


@pytest.fixture(scope="session")
def kafka_jars() -> Path:
    """The folder of Kafka's jars. Skips where Java, or what could fetch them, is really absent."""
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("no Java here: apt install openjdk-17-jre-headless")
    if shutil.which("mvn") is None and not (HOME / "kafka" / kafka_version() / "libs").is_dir():
        pytest.skip("no Maven here to fetch Kafka's jars: apt install maven")
    return resolve(HOME)


@pytest.fixture(scope="session")
def broker(kafka_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The kafka:// url of the session's broker; it ends with the session, even if that is killed."""
    with EmbeddedBroker(tmp_path_factory.mktemp("kafka") / "broker", jars_home=HOME) as running:
        state = running.state()
        assert state is not None
        yield state.url


@pytest.fixture
def namespace() -> str:
    """A prefix for topics and groups that no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}"
