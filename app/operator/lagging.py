"""The lag of every stage's group, read from the broker: known also where no worker runs."""

import asyncio
from collections.abc import AsyncIterator

from app.broker.connection import client_arguments
from app.broker.lag import LagReader
from app.domain.lag import Depth, PartitionLag
from app.observation import lag_watch
from app.operator.reachable import reachable
from app.operator.standing import stages_at
from app.settings import Settings

Round = tuple[list[PartitionLag], Depth | None]
"""All partitions, and the dead letters (None: there is no such channel yet)."""


async def rounds(settings: Settings, every_s: float, count: int | None = None) -> AsyncIterator[Round]:
    """Looks at all stages, `count` times or for ever; the words get better with each.

    Raises NotRunning where no broker answers, Retry where it goes away.
    """
    settings = await reachable(settings)
    watch = lag_watch(stages_at(settings), settings)
    async with LagReader(client_arguments(settings)) as reader:
        number = 0
        while True:
            yield await watch.look(reader), watch.depth
            number += 1
            if number == count:
                return
            await asyncio.sleep(every_s)
