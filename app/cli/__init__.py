"""`crossbook`: every command, and what its failures end with."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer

from app.domain.errors import CrossbookError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Finds, trades and accounts for crypto arbitrage: when the books of two venues cross, it buys on one and "
    "sells on the other, and can prove what it earned.",
    epilog="Exit codes: 0 ok, 1 error, 2 usage, 3 not running, 4 configuration, 5 time-out.",
)

_GROUPS = ("broker", "dlq", "control", "runs", "config", "ledger", "bots")
_COMMANDS = (
    "demo", "run", "worker", "replay", "generate", "report", "reconcile", "trades", "trace", "status", "topology",
    "doctor", "lag", "exporter",
)  # fmt: skip


@app.callback()
def _crossbook() -> None:
    """Keeps a lone command under its name: Typer folds an app of one."""


def _load(named: str = "") -> None:
    """All commands, or the one that is named alone: importing all of them takes a second."""
    for name in _COMMANDS if named not in (*_COMMANDS, *_GROUPS) else {named} & {*_COMMANDS}:
        module = import_module(f"app.cli.{name}")
        command: Callable[..., Any] = getattr(module, name)
        app.command(name)(command)
    for name in _GROUPS if named not in (*_COMMANDS, *_GROUPS) else {named} & {*_GROUPS}:
        app.add_typer(import_module(f"app.cli.{name}").app, name=name)


def main() -> None:
    """Runs a command; a failure of ours is one line on stderr and its exit code. Typer ends wrong usage with 2."""
    _load(sys.argv[1] if len(sys.argv) > 1 else "")
    try:
        app()
    except CrossbookError as error:
        print(f"crossbook: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
