"""crossbook control: what an operator says to the workers that run."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from app.assembly import profiles_of
from app.cli.options import InRun
from app.cli.show import AsJson, as_json, out, say, table
from app.domain.control import Answer, Command, Drain, Pause, Resume, StageName, Status, Tap
from app.domain.errors import TimedOut, UsageError
from app.operator.bus import STAGES, ask, new_command_id
from app.operator.chosen import running
from app.operator.reachable import reachable
from app.operator.rules import change_rules, check_rules
from app.settings import load
from app.venues.routing_table import load_rules

app = typer.Typer(no_args_is_help=True, help="The control bus: pause, resume, drain, tap, rules; every worker answers.")

_Stage = Annotated[str, typer.Argument(help="decide, execute, account, or all.")]
_Timeout = Annotated[float, typer.Option(help="Seconds to wait for an answer.")]


@app.command()
def pause(stage: _Stage = "all", timeout: _Timeout = 10.0, run: InRun = "", json: AsJson = False) -> None:
    """Pause a stage on every worker; what was taken is finished, and a restart changes nothing.

    Example: crossbook control pause execute
    """
    _say(Pause(new_command_id(), _stage(stage)), timeout, run, json)


@app.command()
def resume(stage: _Stage = "all", timeout: _Timeout = 10.0, run: InRun = "", json: AsJson = False) -> None:
    """Let a paused stage go on.

    Example: crossbook control resume execute
    """
    _say(Resume(new_command_id(), _stage(stage)), timeout, run, json)


@app.command()
def drain(stage: _Stage = "all", timeout: _Timeout = 10.0, run: InRun = "", json: AsJson = False) -> None:
    """Let workers finish what they took, checkpoint, commit and leave.

    Example: crossbook control drain all
    """
    _say(Drain(new_command_id(), _stage(stage)), timeout, run, json)


@app.command()
def tap(
    share: Annotated[float, typer.Argument(min=0, max=1, help="Share of messages, 0 to 1; 0 switches it off.")],
    timeout: _Timeout = 10.0,
    run: InRun = "",
    json: AsJson = False,
) -> None:
    """Copy this share of messages to the wire_tap channel at every hop inside a stage.

    Example: crossbook control tap 0.01
    """
    _say(Tap(new_command_id(), share), timeout, run, json)


@app.command()
def status(timeout: _Timeout = 3.0, run: InRun = "", json: AsJson = False) -> None:
    """Ask every worker what it runs and how.

    Example: crossbook control status --json
    """
    _say(Status(new_command_id()), timeout, run, json)


@app.command()
def rules(
    file: Annotated[Path, typer.Argument(help="Routing table (TOML).", show_default=False)],
    version: Annotated[int | None, typer.Option(min=2, help="Default: the time in ms, higher than any before.")] = None,
    run: InRun = "",
    json: AsJson = False,
) -> None:
    """Change the routing table without a restart; one that parts a joined pair is refused with exit code 4.

    Example: crossbook control rules routing.toml
    """
    settings = load()
    found = load_rules(file)
    check_rules(found, profiles_of(settings), settings.pairs)

    async def change() -> Any:
        return await change_rules(await reachable(running(settings, run).settings), found, version)

    changed = asyncio.run(change())
    if json:
        as_json(changed)
        return
    table([{"partition": number, "holds after offset": offset} for number, offset in changed["partitions"].items()])
    out.print(f"rules version {changed['version']}, {len(found)} rules", markup=False)
    for channel in changed["channels"]:
        say(f"channel {channel} needs a decide stage of its own: CROSSBOOK_DECIDE_SOURCE={channel} "
            "CROSSBOOK_STAGES=decide crossbook worker")  # fmt: skip


def _stage(name: str) -> StageName:
    names: tuple[StageName, ...] = ("decide", "execute", "account", "all")
    for known in names:
        if name == known:
            return known
    raise UsageError(f"stage {name!r}: there are {', '.join(STAGES)} and all")


def _say(command: Command, timeout: float, run: str, json: bool) -> None:
    settings = running(load(), run).settings

    async def said() -> list[Answer]:
        return await ask(await reachable(settings), command, timeout)

    answers = asyncio.run(said())
    if json:
        as_json([{"worker": answer.worker, "at": answer.at, "state": answer.state} for answer in answers])
    elif answers:
        table([{"worker": answer.worker, **answer.state} for answer in answers])
    if not answers:
        raise TimedOut(
            f"no worker of namespace {settings.namespace} answered within {timeout:g} s; is one running "
            "(`crossbook status`), on this broker, in this namespace (CROSSBOOK_NAMESPACE, --run)? "
            "A pause or tap was kept and holds for workers that start"
        )
