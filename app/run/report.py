"""The report of a ledger, written to a folder."""

from datetime import date
from pathlib import Path

from app.storage.ledger import Ledger
from reports.render import render, write
from reports.source import load


async def write_report(url: str, out: Path, day: date | None) -> Path:
    """Renders the ledger at `url` (one UTC day of it, or all) to `out`; returns the file's path."""
    ledger = await Ledger.open(url, migrate=False)
    try:
        view = await load(ledger, day)
    finally:
        await ledger.close()
    name = "report.html" if day is None else f"report-{day.isoformat()}.html"
    return write(render(view), out, name)
