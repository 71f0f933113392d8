"""crossbook worker: the Faust worker in the foreground, with the embedded broker where none is set."""

import asyncio
import sys

from app.assembly import profiles_of
from app.broker.connection import wait_for_broker
from app.broker.provide import provided_broker
from app.cli.show import AsJson, as_json, say
from app.domain.errors import CrossbookError
from app.operator.up import up
from app.run.worker_process import environment
from app.settings import Settings, load


def worker(json: AsJson = False) -> None:
    """Run this machine's stages (CROSSBOOK_STAGES) until Ctrl-C; logs go to stderr.

    The same as `faust -A app.main worker -l info`, with checks first and the embedded broker where none is set.
    --json prints one object once the worker is up: worker, pid, stages, served_at, broker, namespace, ledger.

    Example: CROSSBOOK_STAGES=decide crossbook worker
    """
    settings = load()
    profiles_of(settings)
    with provided_broker(settings, say) as reached:
        asyncio.run(wait_for_broker(reached, say=say))
        code = asyncio.run(_work(reached, json=json))
    if code:
        raise CrossbookError(f"the worker ended with {code}; its last lines above say why")


async def _work(settings: Settings, *, json: bool) -> int:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "faust", "-A", "app.main", "-L", "uvloop", "worker", "-l", "info"),
        env=environment(settings),
        stdout=sys.stderr,  # Faust's banner is no answer
    )
    telling = asyncio.create_task(_tell(settings, process.pid)) if json else None
    try:
        return await process.wait()
    except asyncio.CancelledError:  # Ctrl-C reached the worker too: it brings itself to rest
        return await process.wait()
    finally:
        if telling is not None:
            telling.cancel()


async def _tell(settings: Settings, pid: int) -> None:
    as_json(await up(settings, lambda: pid))
