"""Rules of the house that a reader relies on: what a file's name says, and what a file may know."""

import ast
import subprocess
import sys
from importlib import import_module
from inspect import isfunction
from pathlib import Path

import pytest

from app.assembly import stages_of
from app.settings import load
from channels.channel import Channel

PROJECT = Path(__file__).parents[2]
ROUTES = sorted(path.stem for path in (PROJECT / "routes").glob("*.py") if path.stem != "__init__")
CHANNELS = sorted(path.stem for path in (PROJECT / "channels").glob("*.py") if path.stem not in ("__init__", "channel"))
DOMAIN = sorted(path.stem for path in (PROJECT / "app" / "domain").glob("*.py") if path.stem != "__init__")
HEAVY = ("faust", "mode", "aiokafka", "ccxt", "sqlmodel", "sqlalchemy", "pydantic", "typer")


def imported(file: Path) -> set[str]:
    """Every module that a file names, with all its parents."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        names |= {".".join(name.split(".")[:end]) for name in found for end in range(1, name.count(".") + 2)}
    return names


def test_the_domain_brings_nothing_heavy_with_it() -> None:
    modules = ", ".join(f"app.domain.{name}" for name in DOMAIN)
    code = f"import sys, {modules}; print([name for name in {HEAVY!r} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_is_a_public_function_named_after_its_file(name: str) -> None:
    module = import_module(f"routes.{name}")

    assert isfunction(getattr(module, name))
    first = (module.__doc__ or "").partition("\n")[0]
    assert first.endswith("?"), "the pattern's name and its question, in one line"
    for word in ("In", "Out", "Key", "Guarantee", "Fails as"):
        assert f"\n{word}" in (module.__doc__ or "")


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_knows_no_broker_no_clock_and_no_setting(name: str) -> None:
    known = imported(PROJECT / "routes" / f"{name}.py")

    forbidden = {"faust", "aiokafka", "asyncio", "time", "datetime", "logging", "random", "app.engine", "app.settings"}
    assert not known & forbidden


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_has_no_retry_and_catches_nothing(name: str) -> None:
    tree = ast.parse((PROJECT / "routes" / f"{name}.py").read_text())

    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Try)]


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_says_its_name_its_message_and_why_its_key(name: str) -> None:
    module = import_module(f"channels.{name}")
    (channel,) = [found for found in vars(module).values() if isinstance(found, Channel)]

    assert module.NAME == channel.name == name
    assert channel.message is not None
    assert len(channel.key) > 10
    assert (module.__doc__ or "").startswith(f"{name}: ")


def test_every_channel_is_made_at_the_start() -> None:
    from channels import ALL

    assert sorted(channel.name for channel in ALL) == CHANNELS


def test_faust_is_touched_in_the_engine_alone() -> None:
    files = [*(PROJECT / "app").rglob("*.py"), *(PROJECT / "routes").glob("*.py"), *(PROJECT / "channels").glob("*.py")]

    touched = {str(file.relative_to(PROJECT)) for file in files if imported(file) & {"faust", "mode"}}

    assert touched <= {
        "app/engine/transport.py",
        "app/engine/agent.py",
        "app/engine/sink.py",
        "app/broker/connection.py",
    }


def test_no_module_outside_main_has_an_effect_when_it_is_imported() -> None:
    names = [
        ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        for path in (PROJECT / "app").rglob("*.py")
        if path.name not in ("main.py", "__main__.py", "launch.py") and "migrations" not in path.parts
    ]
    code = "import " + ", ".join(name.removesuffix(".__init__") for name in sorted(names))

    nowhere = {"PATH": "/nowhere", "CROSSBOOK_CONFIG": "/nowhere"}
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", code]
    done = subprocess.run(command, cwd=PROJECT, env=nowhere, capture_output=True, text=True, check=False)  # noqa: S603

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_route_of_the_topology_is_a_file() -> None:
    stages = stages_of(load(venue_names=("a", "b"), fee_bps="0", unlimited_funds=True))

    named = {step.name for stage in stages for step in stage.steps}

    assert named - set(ROUTES) <= {"router"}  # the dynamic router's name is short, for it stands in every history
