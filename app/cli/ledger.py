"""crossbook ledger: its schema brought up to date; two of them compared."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from app.cli.show import AsJson, as_json, out, table
from app.domain.errors import NotFound
from app.operator.chosen import chosen
from app.settings import Settings, load
from app.storage.address import address, file_of
from app.storage.difference import Difference, difference
from app.storage.ledger import Ledger
from app.storage.migrations import HEAD

app = typer.Typer(no_args_is_help=True, help="The ledger: its schema, and how two of them differ.")

_Which = Annotated[str, typer.Argument(help="A file, a URL, or a run's name ('latest').", show_default=False)]


@app.command("migrate")
def migrate(json: AsJson = False) -> None:
    """Bring the schema of the settings' ledger (CROSSBOOK_LEDGER) up to this program's, or make it.

    A worker does so, too, when it first writes; done beforehand, its user needs no right to change tables. Several may
    do it at once. Ends with 4 for a ledger that is newer than this program.

    Example: crossbook ledger migrate
    """
    name = asyncio.run(_migrated(load().ledger_url))
    if json:
        as_json({"ledger": name, "revision": HEAD})
    else:
        out.print(f"{name} has schema revision {HEAD}", markup=False, soft_wrap=True)


@app.command("diff")
def diff(
    left: _Which,
    right: _Which,
    limit: Annotated[int, typer.Option(help="Show at most so many differences.")] = 50,
    json: AsJson = False,
) -> None:
    """Compare two ledgers, all columns but those named wall_*; ends with 1 where they tell different things.

    Example: crossbook ledger diff .crossbook/runs/one/ledger.db .crossbook/runs/two/ledger.db
    """
    settings = load()
    found, more = asyncio.run(_compared(_url(settings, left), _url(settings, right), limit))
    if json:
        as_json({"same": not found, "differences": [_row(each) for each in found], "more": more})
    elif found:
        table([_row(each) for each in found], title=f"{len(found)} differences" + (", and more" if more else ""))
    else:
        out.print("both ledgers tell the same")
    if found:
        raise typer.Exit(1)


async def _migrated(url: str) -> str:
    ledger = await Ledger.open(url)
    await ledger.close()
    return ledger.name


async def _compared(left: str, right: str, limit: int) -> tuple[list[Difference], bool]:
    found: list[Difference] = []
    async with AsyncExitStack() as stack:
        ledgers = []
        for url in (left, right):
            ledgers.append(await Ledger.open(url, migrate=False))
            stack.push_async_callback(ledgers[-1].close)
        async for each in difference(*ledgers):
            if len(found) == limit:
                return found, True
            found.append(each)
    return found, False


def _url(settings: Settings, text: str) -> str:
    if "://" in text:
        file = file_of(address(text))
        if file is not None and not file.is_file():
            raise NotFound(f"there is no ledger {file}; `crossbook runs list` names those of runs")
        return text
    path = Path(text)
    if path.is_dir():
        path /= "ledger.db"
    if path.is_file():
        return f"sqlite:///{path.resolve()}"
    if "/" in text or path.suffix:
        raise NotFound(f"there is no ledger {text}; `crossbook runs list` names those of runs")
    return chosen(settings, text).settings.ledger_url


def _row(found: Difference) -> dict[str, object]:
    key = " ".join(str(part) for part in found.key)
    return {"table": found.table, "key": key, "column": found.column, "left": found.left, "right": found.right}
