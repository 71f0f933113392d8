"""`make cluster-tools` where something is missing or has changed; nothing is built here."""

import json
from pathlib import Path

import pytest

from tests.cluster import tools


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of tools in which all that can be built has been."""
    for name, place in (("HOME", tmp_path), ("BIN", tmp_path / "bin"), ("CRDS", tmp_path / "crds")):
        monkeypatch.setattr(tools, name, place)
    monkeypatch.setattr(tools, "_WRITTEN_DOWN", tmp_path / "built.json")
    (tmp_path / "bin").mkdir()
    for each in tools.PROGRAMS:
        (tmp_path / "bin" / each.name).touch()
    for each in tools.DEFINITIONS:
        (tmp_path / "crds" / each.name).mkdir(parents=True)
    built = {tools._key(each): each.digest() for each in (*tools.PROGRAMS, *tools.DEFINITIONS)}
    (tmp_path / "built.json").write_text(json.dumps(built))
    return tmp_path


def test_what_is_there_is_not_built_again(home, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nowhere")

    assert tools.missing() == []
    assert tools.main() == 0
    assert "all 9 programs" in capsys.readouterr().out


def test_without_go_it_says_so_and_ends_with_4(home, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nowhere")
    (home / "bin" / "helm").unlink()

    assert tools.main() == 4
    assert "Go is missing" in capsys.readouterr().err


def test_a_go_that_is_too_old_is_not_tried(home, monkeypatch, tmp_path, capsys):
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go1.19.8\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (home / "bin" / "helm").unlink()

    assert tools.main() == 4
    assert "install Go 1.25 or newer" in capsys.readouterr().err


def test_a_program_whose_sources_changed_is_missing(home, monkeypatch, tmp_path):
    other = tmp_path / "go"
    (other / "kwok").mkdir(parents=True)
    (other / "kwok" / "go.mod").write_text("another version")
    known = {name: (tools.SOURCES / name / "go.mod").read_bytes() for name in ("helm", "keda")}
    assert all(known.values())
    monkeypatch.setattr(tools, "SOURCES", other)

    assert "kwok" in tools.missing()


@pytest.mark.parametrize("damage", ["", "[]", "not json", '{"bin/helm": 1}'])
def test_a_damaged_note_of_what_was_built_means_building_again(home, damage):
    (home / "built.json").write_text(damage)

    assert "helm" in tools.missing()


@pytest.mark.parametrize("module", sorted({each.module for each in (*tools.PROGRAMS, *tools.DEFINITIONS)}))
def test_every_module_is_pinned_by_checksum(module):
    folder = tools.SOURCES / module

    assert "require" in (folder / "go.mod").read_text()
    assert (folder / "go.sum").read_text().count("h1:") >= 2
