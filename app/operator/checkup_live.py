"""What `crossbook doctor` looks at in what runs, or was left behind: broker, topics, ledger, children."""

from pathlib import Path
from tempfile import TemporaryFile

from app.assembly import channels_of, surroundings
from app.broker.connection import client_arguments
from app.broker.provide import embedded_broker
from app.broker.topics import admin
from app.domain.errors import ConfigurationError, CrossbookError, NotRunning
from app.engine.reader import MarketDataReader
from app.operator.checkup import Finding
from app.operator.reachable import reachable
from app.settings import Settings
from app.storage.address import address, file_of
from app.storage.ledger import Ledger
from app.storage.migrations import HEAD
from channels import ALL


async def live(settings: Settings) -> list[Finding]:
    """Broker and topics, ledger, leftovers."""
    return [*await _broker(settings), await _ledger(settings), _leftovers(settings)]


async def _broker(settings: Settings) -> list[Finding]:
    try:
        reached = await reachable(settings)
    except NotRunning as error:
        if settings.broker or embedded_broker(settings).state() is not None:
            return [Finding("broker", "fail", "does not answer", str(error))]
        return [Finding("broker", "ok", "none runs; commands that need one start it"), _no_topics("no broker to ask")]
    except ConfigurationError as error:
        return [Finding("broker", "fail", "cannot be asked", str(error))]
    return [Finding("broker", "ok", reached.broker), await _topics(reached)]


def _no_topics(why: str) -> Finding:
    return Finding("topics", "ok", f"not looked at: {why}")


async def _topics(settings: Settings) -> Finding:
    try:
        channels = channels_of(surroundings(settings, MarketDataReader(settings, {})))
    except ConfigurationError:
        channels = ALL  # what is wrong there has a row of its own
    wanted = {channel.topic(settings): channel.partitions(settings) for channel in channels}
    try:
        async with admin(client_arguments(settings)) as client:
            rows = await client.describe_topics(list(wanted))
    except CrossbookError as error:
        return Finding("topics", "fail", "cannot be listed", str(error))
    there = {row["topic"]: len(row["partitions"]) for row in rows if not row["error_code"]}
    wrong = [
        f"{name} has {there[name]}, not {count}" for name, count in wanted.items() if there.get(name, count) != count
    ]
    if wrong:
        advice = "set CROSSBOOK_PARTITIONS to what is there, or use another CROSSBOOK_NAMESPACE"
        return Finding("topics", "fail", f"partitions: {'; '.join(wrong)}", advice)
    missing = [name for name in wanted if name not in there]
    if missing:
        return Finding(
            "topics", "ok", f"{len(there)} of {len(wanted)} in {settings.namespace}; a worker makes the others"
        )
    return Finding("topics", "ok", f"all {len(wanted)} in {settings.namespace}")


async def _ledger(settings: Settings) -> Finding:
    if refused := _unwritable(settings):
        return refused
    try:
        ledger = await Ledger.open(settings.ledger_url, migrate=False, timeout_s=3.0)
    except NotRunning:
        return Finding("ledger", "ok", "none yet; a worker, a demo or a replay makes one")
    except CrossbookError as error:
        return Finding("ledger", "fail", "cannot be used", str(error))
    await ledger.close()
    return Finding("ledger", "ok", f"{ledger.name}, schema revision {HEAD}")


def _unwritable(settings: Settings) -> Finding | None:
    """A row where a SQLite ledger's folder cannot be written or made. Tried out: access bits say nothing of read-only
    disks, or to root."""
    try:
        file = file_of(address(settings.ledger_url))
    except ConfigurationError:
        return None  # opening it says so
    if file is None:
        return None
    folder = file.absolute().parent
    at = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        with TemporaryFile(dir=at):
            return None
    except OSError as error:
        found = f"{folder}: {at} cannot be written ({error.strerror or error})"
        return Finding("ledger", "fail", found, "correct its owner, or set CROSSBOOK_LEDGER")


def _leftovers(settings: Settings) -> Finding:
    """Children whose parent is gone, and brokers that nobody can use."""
    found = [f"worker {pid}, whose parent {parent} is gone" for pid, parent in _orphans()]
    state = embedded_broker(settings).state()
    if state is not None and state.doomed():
        found.append(f"broker {state.pid}, whose command is gone; it ends by itself within a second")
    if not found:
        return Finding("leftovers", "ok", "none")
    return Finding("leftovers", "warn", "; ".join(found), "if they stay: `crossbook broker stop`, kill PID")


def _orphans() -> list[tuple[int, int]]:
    """(worker, its dead parent), of workers that were told whose child they are."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            if b"app.main" not in command or b"worker" not in command:
                continue
            lines = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended, or is another user's
        named = [line.partition(b"=")[2] for line in lines if line.startswith(b"CROSSBOOK_PARENT=")]
        if named and named[0].isdigit() and int(named[0]) and not Path(f"/proc/{int(named[0])}").exists():
            found.append((int(folder.name), int(named[0])))
    return found
