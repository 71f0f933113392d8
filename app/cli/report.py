"""crossbook report: one self-contained HTML file about a day, or about all that a ledger holds."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import InRun, OnDay, day_of
from app.cli.show import AsJson, as_json, out
from app.domain.errors import CrossbookError
from app.operator.chosen import chosen
from app.run.report import write_report
from app.settings import load


def report(
    day: OnDay = None,
    to: Annotated[Path | None, typer.Option("--out", help="Folder; default: reports/ under the home folder.")] = None,
    run: InRun = "",
    json: AsJson = False,
) -> None:
    """Write the report of a UTC day (default: of everything) and print its path.

    Example: crossbook report --day 2026-11-20 --out reports
    """
    settings = load()
    at = chosen(settings, run)
    folder = to or settings.home / "reports"
    try:
        path = asyncio.run(write_report(at.settings.ledger_url, folder, day_of(day)))
    except OSError as error:
        raise CrossbookError(f"cannot write to {folder}: {error.strerror or error}; give another --out") from None
    if json:
        as_json({"report": str(path), "run": at.name, "day": str(day_of(day)) if day else None})
    else:
        out.print(str(path), markup=False, soft_wrap=True)
