"""crossbook config: which settings hold, and where each comes from."""

import os
import tomllib
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr

from app.cli.show import AsJson, as_json, out, table
from app.settings import CONFIG_VARIABLE, load
from app.storage.address import address

app = typer.Typer(no_args_is_help=True, help="The settings: what holds, and where it comes from.")


@app.command()
def show(json: AsJson = False) -> None:
    """Show every setting that holds, secrets masked, and whether environment, file or default says so.

    Example: crossbook config show --json
    """
    settings = load()
    in_file = _file_keys()
    rows = [
        {"setting": name, "value": _value(name, value), "from": _source(name, in_file)} for name, value in settings
    ]  # fmt: skip
    if json:
        as_json({row["setting"]: {"value": row["value"], "from": row["from"]} for row in rows})
    else:
        table([{**row, "value": _text(row["value"])} for row in rows])


@app.command()
def path(json: AsJson = False) -> None:
    """Print the settings file that is read, whether it is there or not.

    Example: $EDITOR $(crossbook config path)
    """
    file = _file().absolute()
    if json:
        as_json({"path": str(file), "exists": file.is_file()})
    else:
        out.print(str(file), markup=False, soft_wrap=True)


def _file() -> Path:
    return Path(os.environ.get(CONFIG_VARIABLE, "crossbook.toml"))


def _file_keys() -> set[str]:
    try:
        return set(tomllib.loads(_file().read_text()))
    except OSError:
        return set()


def _source(name: str, in_file: set[str]) -> str:
    if f"CROSSBOOK_{name}".upper() in {key.upper() for key in os.environ}:
        return "environment"
    return "file" if name in in_file else "default"


def _value(name: str, value: Any) -> Any:
    if isinstance(value, SecretStr):
        secret = value.get_secret_value()
        if name == "ledger" and secret:
            return address(secret).difference_update_query(["password"]).render_as_string(hide_password=True)
        return "***" if secret else ""
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, int | float | bool | None) else str(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
