"""crossbook status: does it run, is it behind, what has it done, and how old is this answer?"""

import asyncio
from typing import Annotated, Any

import msgspec
import typer

from app.cli.options import InRun, moment
from app.cli.show import AsJson, as_json, out, say, table
from app.domain.errors import NotRunning
from app.operator.chosen import running
from app.operator.standing import LedgerStanding, Standing, standing
from app.settings import load


def status(
    timeout: Annotated[float, typer.Option(help="Seconds that workers have to answer.")] = 2.0,
    run: InRun = "",
    json: AsJson = False,
) -> None:
    """Show broker, workers, lag of each stage, and what the ledger holds.

    Ends with 3 where no broker runs, or no worker answers, unless it is about a run that is over.

    Example: crossbook status --json
    """
    at = running(load(), run)
    found = asyncio.run(standing(at.settings, timeout))
    if json:
        as_json(_facts(found))
    else:
        _show(found)
    if found.broker is None:
        raise NotRunning(found.notes[-1])
    if not found.workers and not at.finished:
        raise NotRunning(
            f"no worker of namespace {found.namespace} answered within {timeout:g} s; start one with `crossbook run` "
            "or `crossbook worker`, or give --timeout"
        )


def _facts(found: Standing) -> Any:
    return msgspec.to_builtins(found)


def _show(found: Standing) -> None:
    out.print(
        f"namespace {found.namespace}, broker {found.broker or 'not running'}, as of {moment(found.taken_at)} UTC",
        markup=False,
    )
    if found.broker is not None:
        table(
            [
                {
                    "stage": each.stage,
                    "workers": each.workers,
                    "lag (messages)": "N/A" if each.lag is None else f"{each.lag:,}",
                    "gate": each.gate or "N/A",
                }
                for each in found.stages
            ]
        )
        table(
            [{"worker": each.worker, **each.state, "served at": each.served_at or None} for each in found.workers],
            empty="no worker answered",
        )
    if found.ledger is not None:
        table([_line(name, value) for name, value in _ledger(found.ledger).items()], title=found.ledger.name)
    for note in found.notes[: -1 if found.broker is None else None]:
        say(f"note: {note}")


def _ledger(found: LedgerStanding) -> dict[str, Any]:
    counted = msgspec.structs.asdict(found.counts)
    outcomes = ", ".join(f"{name} {count:,}" for name, count in counted.pop("outcomes").items())
    age = "N/A" if found.age_s is None else f"{found.age_s:,.1f} s"
    return {**counted, "outcomes": outcomes or "none", "newest message sent": f"{age} ago" if age != "N/A" else age}


def _line(name: str, value: Any) -> dict[str, str]:
    return {"what": name.replace("_", " "), "value": f"{value:,}" if isinstance(value, int) else str(value)}
