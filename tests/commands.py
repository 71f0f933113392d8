"""The crossbook command as a user runs it: a process of its own, that sees nothing of this one's settings."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

PROJECT = Path(__file__).parents[1]


class Answer(NamedTuple):
    """What a command ended with and printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)


def crossbook_at(
    folder: Path,
    *arguments: str,
    settings: Mapping[str, str],
    environment: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
    timeout_s: float = 120,
) -> Answer:
    """Runs it in `folder`; variables that begin with one of `without` are hidden, as ours always are."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CROSSBOOK_", *without))}
    chosen = {f"CROSSBOOK_{name.upper()}": value for name, value in settings.items()}
    done = subprocess.run(  # noqa: S603 our own list
        [sys.executable, "-m", "app.cli", *arguments],
        env={**inherited, **(environment or {}), **chosen, "PYTHONPATH": str(PROJECT), "COLUMNS": "200"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)
