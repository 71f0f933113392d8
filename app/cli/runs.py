"""crossbook runs: the replays and demos that are kept."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from app.broker.provide import provided_broker
from app.cli.show import AsJson, as_json, say, table
from app.run.folder import runs as known_runs
from app.run.replay import purge as forget
from app.settings import load

app = typer.Typer(
    no_args_is_help=True, help="Replays and demos that are kept: each has channels and a ledger of its own."
)


@app.command("list")
def list_runs(json: AsJson = False) -> None:
    """List the runs, oldest first.

    Example: crossbook runs list
    """
    rows = [_row(run) for run in known_runs(load())]
    if json:
        as_json(rows)
    else:
        table([{name: row[name] for name in ("name", "kind", "source", "report")} for row in rows], empty="no runs")


@app.command()
def purge(
    keep: Annotated[
        int | None, typer.Option(min=0, help="How many of the latest stay; default: setting runs_kept.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Remove all but the latest runs, their channels on the broker included.

    Example: crossbook runs purge --keep 3
    """
    settings = load()
    gone: list[str] = []
    if len(known_runs(settings)) > (settings.runs_kept if keep is None else keep):
        with provided_broker(settings, say) as reached:  # their topics go too, and only a broker can delete those
            gone = asyncio.run(forget(reached, keep))
    if json:
        as_json({"purged": gone})
    else:
        table([{"purged": name} for name in gone], empty="nothing to purge")


def _row(run: dict[str, Any]) -> dict[str, Any]:
    folder = Path(run["folder"])
    return {
        **run,
        "ledger": str(folder / "ledger.db") if (folder / "ledger.db").is_file() else None,
        "report": str(folder / "report.html") if (folder / "report.html").is_file() else None,
    }
