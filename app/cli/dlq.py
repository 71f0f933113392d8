"""crossbook dlq: what failed for good, and sending it again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from app.cli.options import AtMost, InRun, OnDay, day_of, facts, instant, moment
from app.cli.show import AsJson, as_json, out, say, table
from app.domain.errors import NotFound, NotRunning, UsageError
from app.domain.failure import DeadLetter
from app.operator import dead_letters
from app.operator.chosen import Chosen, chosen, running
from app.operator.looking import looking
from app.operator.reachable import reachable
from app.settings import Settings, load
from app.storage import queries
from app.storage.ledger import Ledger
from app.storage.tables import DeadLetterRow

app = typer.Typer(
    no_args_is_help=True,
    help="Dead letters: orders that venues refused or failed, to be sent again or not; and invalid messages.",
)

_Id = Annotated[str, typer.Argument(metavar="ID", help="The dead letter's id, from `dlq list`.", show_default=False)]
T = TypeVar("T")
_SHOWN = ("dead_letter_id", "trade_id", "channel", "route", "venue", "code", "detail", "redeliveries", "correlation_id")


@app.command("list")
def list_letters(
    limit: AtMost = 50,
    day: OnDay = None,
    code: Annotated[str | None, typer.Option(help="Only those that failed with this code.")] = None,
    run: InRun = "",
    json: AsJson = False,
) -> None:
    """List dead letters, oldest first.

    Example: crossbook dlq list --code VENUE_REFUSED
    """
    at = chosen(load(), run)
    rows = looking(at, lambda ledger: queries.dead_letters(ledger, day=day_of(day), limit=limit, code=code))
    if json:
        as_json([facts(row) for row in rows])
    else:
        table([_line(row) for row in rows], title=at.title, empty="no dead letters")


@app.command()
def invalid(limit: AtMost = 50, run: InRun = "", json: AsJson = False) -> None:
    """List messages and rows that were none of ours: where each stood, why, and which field had which value.

    Example: crossbook dlq invalid --run latest
    """
    at = chosen(load(), run)
    rows = looking(at, lambda ledger: queries.invalid_messages(ledger, limit=limit))
    if json:
        as_json([{**facts(row), "raw": row.raw.decode(errors="backslashreplace")} for row in rows])
    else:
        lines = [{"where": row.where, "reason": row.reason, "field": row.field, "value": row.value} for row in rows]
        table(lines, title=at.title, empty="no invalid messages")


@app.command()
def show(identity: _Id, run: InRun = "", json: AsJson = False) -> None:
    """Show one dead letter: why it failed, each attempt, and the original message to the byte, from Kafka.

    Example: crossbook dlq show 'recording:42#1' --json
    """
    at = chosen(load(), run)
    row = looking(at, lambda ledger: dead_letters.row_of(ledger, identity))
    try:
        letter, missing = asyncio.run(_read(at.settings, row)), ""
    except (NotFound, NotRunning) as error:
        letter, missing = None, str(error)
    told: dict[str, Any] = {**facts(row), "original": None, "headers": {}, "attempts": [], "missing": missing}
    if letter is not None:
        told |= _original(letter)
    if json:
        as_json(told)
        return
    table([{"what": name, "value": str(told[name])} for name in _SHOWN] + _lines(told))
    if told["attempts"]:
        table(told["attempts"], title="attempts")
    if letter is not None:
        out.print("original message:", told["original"], sep="\n", markup=False)


@app.command()
def replay(
    identity: _Id,
    at: Annotated[str, typer.Option(help="Event time it is considered at: ISO 8601 or ns; default: now.")] = "",
    run: InRun = "",
    json: AsJson = False,
) -> None:
    """Send a dead order again, as its next attempt; refused (exit 1) where the trade is closed, expired or worn out.

    An order of a replay or demo has its recording's time: give --at, which the refusal names.

    Example: crossbook dlq replay 'recording:42#1' --at 2026-11-20T12:00:00
    """
    now = instant(at)

    async def again(ledger: Ledger, settings: Settings) -> dead_letters.Replayed:
        row = await dead_letters.row_of(ledger, identity)
        return await dead_letters.replay(await reachable(settings), ledger, row, now)

    place = chosen(load(), run)
    sent = _with_ledger(place, again)
    said = {
        "message_id": sent.origin.message_id,
        "trade_id": sent.order.trade_id,
        "attempt": sent.order.attempt,
        "redeliveries": sent.redeliveries,
        "correlation_id": sent.origin.correlation_id,
        "event_time": sent.origin.event_time,
    }
    if place.finished:
        say(f"note: the worker of {place.name} ended with it; docs/operations.md says how to start one on its channels")
    if json:
        as_json(said)
    else:
        out.print(f"sent as attempt {sent.order.attempt} of trade {sent.order.trade_id}", markup=False)
        out.print(f"see `crossbook trace '{sent.origin.message_id}'`", markup=False)


@app.command()
def purge(
    yes: Annotated[bool, typer.Option("--yes", help="Really delete them.")] = False,
    run: InRun = "",
    json: AsJson = False,
) -> None:
    """Delete all that the dead_letters channel holds now. The ledger keeps its rows; replay needs the channel.

    Example: crossbook dlq purge --yes
    """
    if not yes:
        raise UsageError("dlq purge deletes messages that cannot be replayed afterwards; give --yes to do it")
    settings = running(load(), run).settings

    async def purged() -> int:
        return await dead_letters.purge(await reachable(settings))

    count = asyncio.run(purged())
    if json:
        as_json({"purged": count})
    else:
        out.print(f"{count:,} dead letters deleted; the ledger still lists them")


def _with_ledger(at: Chosen, act: Callable[[Ledger, Settings], Awaitable[T]]) -> T:
    return looking(at, lambda ledger: act(ledger, at.settings))


async def _read(settings: Settings, row: DeadLetterRow) -> DeadLetter:
    return (await dead_letters.read(await reachable(settings), row))[0]


def _lines(told: dict[str, Any]) -> list[dict[str, str]]:
    """What only people want spelt out: when, where, and the envelope."""
    place = f"{told['wall_partition']}/{told['wall_offset']}"
    lines = {"failed (UTC)": moment(told["failed_at"]), "in dead_letters at": place}
    lines |= {f"header {name}": value for name, value in told["headers"].items()}
    if told["missing"]:
        lines["original"] = told["missing"]
    return [{"what": name, "value": str(value)} for name, value in lines.items()]


def _original(letter: DeadLetter) -> dict[str, Any]:
    return {
        "partition": letter.partition,
        "offset": letter.offset,
        "original": letter.value.decode(errors="backslashreplace"),
        "headers": {name: value.decode(errors="backslashreplace") for name, value in letter.headers},
        "attempts": [
            {"number": each.number, "code": each.code, "detail": each.detail, "at": moment(each.at)}
            for each in letter.attempts
        ],
    }


def _line(row: DeadLetterRow) -> dict[str, Any]:
    return {
        "failed (UTC)": moment(row.failed_at),
        "code": row.code,
        "where": row.venue or row.route,
        "replays": row.redeliveries,
        "id": row.dead_letter_id,
    }
