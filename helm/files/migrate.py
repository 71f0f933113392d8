"""Brings the ledger's schema up to this program's revision; a failure is one line and the program's exit code."""

import asyncio
import sys

from app.domain.errors import CrossbookError
from app.settings import load
from app.storage.ledger import Ledger
from app.storage.migrations import HEAD


async def migrate() -> None:
    ledger = await Ledger.open(load().ledger_url)
    print(f"{ledger.name} has schema revision {HEAD}")
    await ledger.close()


try:
    asyncio.run(migrate())
except CrossbookError as error:
    print(f"crossbook: {error}", file=sys.stderr)
    raise SystemExit(error.exit_code) from None
