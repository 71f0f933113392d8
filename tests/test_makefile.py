"""`make clean`, in a folder of its own: it must work whatever is left of the environment."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]


def clean(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(PROJECT / "Makefile", folder)
    (folder / ".crossbook" / "broker").mkdir(parents=True)
    return subprocess.run(
        ["make", "clean"],  # noqa: S607 wherever make is
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("exit_code", [0, 1, 3])
def test_the_broker_of_this_folder_is_stopped_first_and_clean_goes_on_whatever_came_of_it(
    tmp_path: Path, exit_code: int
) -> None:
    command = tmp_path / ".venv" / "bin" / "crossbook"
    command.parent.mkdir(parents=True)
    command.write_text(
        '#!/bin/sh\necho "$*, home $CROSSBOOK_HOME, broker $CROSSBOOK_BROKER" > told\n'
        f"[ -d .crossbook/broker ] || exit 9\nexit {exit_code}\n"
    )
    command.chmod(0o755)

    done = clean(tmp_path, CROSSBOOK_BROKER="kafka://elsewhere:9092", CROSSBOOK_HOME="/elsewhere")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "told").read_text() == "broker stop, home .crossbook, broker \n"
    assert not (tmp_path / ".venv").exists()
    assert not (tmp_path / ".crossbook" / "broker").exists()


def test_without_an_environment_there_is_nothing_to_stop(tmp_path: Path) -> None:
    done = clean(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / ".crossbook" / "broker").exists()
