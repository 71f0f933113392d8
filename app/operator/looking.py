"""A command's look into a ledger: opened to be read, closed whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.operator.chosen import Chosen
from app.storage.ledger import Ledger

T = TypeVar("T")


def looking(at: Chosen, question: Callable[[Ledger], Awaitable[T]]) -> T:
    """The answer of `question`, asked of the chosen ledger. Raises NotRunning where there is none."""

    async def look() -> T:
        ledger = await Ledger.open(at.settings.ledger_url, migrate=False)
        try:
            return await question(ledger)
        finally:
            await ledger.close()

    return asyncio.run(look())
