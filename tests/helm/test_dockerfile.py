"""The image, where no Docker engine is: linted, its steps run in a clean environment, its health check asked."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

import pytest
from prometheus_client.registry import CollectorRegistry

from app.telemetry.health import Health
from app.telemetry.serve import Exposition
from tests.helm.chart import PROJECT, containers, pods, rendered
from tests.helm.dockerfile import FILE, only, stages

WHEELS = PROJECT / ".crossbook" / "wheels"
"""What the steps install, fetched once: they take a minute less then."""
PACKAGES = ("app", "channels", "routes", "reports")


def ran(
    *command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=400)  # noqa: S603


def test_hadolint_has_nothing_to_say() -> None:
    done = ran(Path(sys.executable).with_name("hadolint"), "--no-color", FILE)

    assert (done.returncode, done.stdout) == (0, "")


def test_every_stage_is_built_on_one_pinned_base_or_on_nothing() -> None:
    (base,) = only("", "ARG")
    froms = {text.partition(" AS ")[0] for stage in stages() for text in only(stage, "FROM")}

    assert re.fullmatch(r"BASE=python:3\.11\.\d+-slim-bookworm", base), "a version, not a tag that moves"
    assert froms == {"${BASE}", "build", "scratch"}
    assert list(stages())[-1] == "runtime", "what `docker build` builds unless it is told"


def test_the_image_is_no_roots_and_its_user_is_the_charts() -> None:
    (user,) = only("runtime", "USER")
    security = pods(rendered())["Deployment/it-crossbook-decide"]["securityContext"]

    assert user == f"{security['runAsUser']}:{security['runAsGroup']}" == "10001:10001"


def test_the_image_starts_what_the_chart_starts_with_the_charts_folders_and_port() -> None:
    container = containers(rendered())["Deployment/it-crossbook-decide/worker"]
    (command,), (environment,) = only("runtime", "CMD"), only("runtime", "ENV")

    assert json.loads(command) == container["args"]
    assert "CROSSBOOK_HOME=/var/lib/crossbook" in environment
    assert "CROSSBOOK_METRICS_PORT=9464" in environment
    assert only("runtime", "EXPOSE") == ["9464"]


def test_nothing_is_compiled_and_no_compiler_comes_along() -> None:
    steps = " ".join(text for stage in stages() for text in only(stage, "RUN"))

    assert not re.search(r"\b(apt-get|apt|gcc|g\+\+|make|build-essential|curl|wget)\b", steps)
    assert [text for text in only("runtime", "COPY")] == ["--from=build /opt/crossbook /opt/crossbook"]


def test_every_install_is_held_to_hashes() -> None:
    installs = [text for stage in stages() for text in only(stage, "RUN") if "pip install" in text]

    assert len(installs) == 3
    assert all("--require-hashes" in text or "--no-index" in text for text in installs)


def test_what_is_copied_is_let_through_and_nothing_else() -> None:
    lines = [line for line in (PROJECT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    let_through = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        word for stage in stages() for text in only(stage, "COPY") if "--from" not in text for word in text.split()[:-1]
    }

    assert lines[0] == "*"
    assert copied == let_through
    assert not [name for name in (".git", ".crossbook", ".venv", "tests", "crossbook.toml") if name in let_through]
    assert {"**/__pycache__", "app/broker/target"} <= set(lines)


@pytest.fixture
def health() -> Iterator[tuple[Health, int]]:
    state = Health()
    server = Exposition(CollectorRegistry(), state, "127.0.0.1", 0)
    yield state, server.start()
    server.stop()


def test_the_health_check_asks_the_worker(health: tuple[Health, int]) -> None:
    state, port = health
    words = only("runtime", "HEALTHCHECK")[0].partition(" CMD ")[2]
    command = [sys.executable, *json.loads(words)[1:]]
    variables = {"CROSSBOOK_METRICS_PORT": str(port), "http_proxy": "http://127.0.0.1:1"}

    assert ran(*command, env=variables).returncode == 0
    state._beat -= 1_000  # the loop stands still
    assert ran(*command, env=variables).returncode != 0
    assert ran(*command, env={"CROSSBOOK_METRICS_PORT": "1"}).returncode != 0


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where /opt/crossbook would be, by the very steps of the stage `build`, as a user without a compiler."""
    root = tmp_path_factory.mktemp("image")
    folder = root / "src"
    for each in stages()["build"]:
        match each.name:
            case "WORKDIR":
                folder.mkdir(exist_ok=True)
            case "COPY":
                copy(folder, *each.text.split())
            case "RUN":
                step(root, folder if folder.is_dir() else root, each.text)
    yield root / "opt" / "crossbook"
    shutil.rmtree(root)  # pytest would keep three of these, of 400 MB


def copy(folder: Path, *words: str) -> None:
    *sources, target = words
    for source in sources:
        into = folder / target
        if (PROJECT / source).is_dir():
            shutil.copytree(PROJECT / source, into, ignore=shutil.ignore_patterns("__pycache__", "target"))
        else:
            into = into / Path(source).name if target.endswith("/") else into
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / source, into)


def step(root: Path, folder: Path, text: str) -> None:
    """One RUN, with /opt below `root` and this interpreter as the base image's."""
    text = text.replace("/opt/", f"{root}/opt/").replace("/crossbook.cdx.json", f"{root}/crossbook.cdx.json")
    text = re.sub(r"\bpython -m venv", f"{sys._base_executable} -m venv", text)  # type: ignore[attr-defined]
    variables = {"PATH": "/usr/bin:/bin", "HOME": str(root), "CC": "/bin/false", "PIP_NO_COMPILE": "1"}
    if locked := re.search(r"-r (requirements/\w+\.txt)", text):
        variables |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels(folder / locked[1]))}
    done = ran("sh", "-ec", text, cwd=folder, env=variables)
    assert done.returncode == 0, f"RUN {text}\n{done.stdout[-2_000:]}{done.stderr[-2_000:]}"


def wheels(locked: Path) -> Path:
    """A folder with every wheel of a lock file, fetched when it is asked for the first time."""
    there = WHEELS / sha256(locked.read_bytes()).hexdigest()[:16]
    if not there.is_dir():
        WHEELS.mkdir(parents=True, exist_ok=True)
        fresh = Path(mkdtemp(dir=WHEELS))
        options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--dest", fresh]
        done = ran(sys.executable, "-m", "pip", "download", *options, "-r", locked)
        assert done.returncode == 0, done.stderr
        fresh.rename(there)
    return there


def in_image(image: Path, tmp_path: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """As in a container: the image's programs alone, away from the checkout, nothing of the environment."""
    where = {"PATH": f"{image}/bin:/usr/bin:/bin", "CROSSBOOK_HOME": str(tmp_path / "home"), "CROSSBOOK_CONFIG": ""}
    return ran(*command, cwd=tmp_path, env={**where, **variables})


def test_the_steps_of_the_image_make_a_working_program(image: Path, tmp_path: Path) -> None:
    ledger = f"sqlite:///{tmp_path}/ledger.db"

    agents = in_image(image, tmp_path, "faust", "-A", "app.main", "agents", CROSSBOOK_BROKER="kafka://127.0.0.1:1")
    migrated = in_image(image, tmp_path, "crossbook", "ledger", "migrate", CROSSBOOK_LEDGER=ledger)
    report = in_image(image, tmp_path, "crossbook", "report", "--out", "reports", CROSSBOOK_LEDGER=ledger)
    doctor = in_image(image, tmp_path, "crossbook", "doctor", "--json", CROSSBOOK_LEDGER=ledger)

    assert [done.returncode for done in (agents, migrated, report)] == [0, 0, 0], agents.stderr + report.stderr
    assert all(f"@{stage}" in agents.stdout for stage in ("decide", "execute", "account"))
    assert "<html" in (tmp_path / "reports" / "report.html").read_text()
    ledgers = [row for row in json.loads(doctor.stdout)["checks"] if row["check"] == "ledger"]
    assert [row["state"] for row in ledgers] == ["ok"]


def test_the_image_has_neither_what_built_it_nor_what_tests_it(image: Path) -> None:
    site = image / "lib" / "python3.11" / "site-packages"
    there = {path.name.partition("-")[0].lower() for path in site.glob("*.dist-info")}

    assert there >= {"crossbook", "faust_streaming", "aiokafka"}
    assert not there & {"pip", "setuptools", "hatchling", "editables", "pytest", "ruff", "mypy"}
    assert [name for name in PACKAGES if not (site / name).is_dir()] == []
    assert not (image / "bin" / "pip").exists()


def test_the_bill_of_materials_names_what_is_in_the_image(image: Path) -> None:
    root = image.parents[1]
    shutil.copy(PROJECT / "requirements" / "sbom.txt", root / "src" / "requirements")
    for text in only("inspect", "RUN"):
        step(root, root / "src", text)

    bill = json.loads((root / "crossbook.cdx.json").read_text())

    listed = {part["name"].lower().replace("-", "_") for part in bill["components"]}
    site = image / "lib" / "python3.11" / "site-packages"
    there = {path.name.partition("-")[0].lower().replace("-", "_") for path in site.glob("*.dist-info")} - {"crossbook"}
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "crossbook"
    assert there - listed == set()
    assert not listed & {"cyclonedx_bom", "pip"}
    assert all("://" not in str(part.get("purl", "")) for part in bill["components"])
