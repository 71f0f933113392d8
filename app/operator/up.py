"""Is a worker up that was just started? Once it answers on the control bus: then it reads, and obeys."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from app.domain.control import Status
from app.domain.errors import Retry
from app.operator.bus import ask, new_command_id
from app.settings import Settings
from app.storage.address import address, shown

_PATIENCE_S = 2.0
"""A question said before a worker listens is never answered: it is said again."""


async def up(settings: Settings, pid: Callable[[], int | None]) -> dict[str, Any]:
    """What a program wants to know of the worker on this host whose process id `pid` tells, once it answers.

    Waits without end: whoever started the worker knows when it died. `pid` is asked each time, for a worker that is
    started again is another one.
    """
    while True:
        try:
            answers = await ask(settings, Status(new_command_id()), _PATIENCE_S)
        except Retry:  # the worker says itself that the broker is away
            answers = []
            await asyncio.sleep(_PATIENCE_S)
        for answer in answers:
            if answer.worker == f"{socket.gethostname()}-{pid()}":
                return {
                    "worker": answer.worker,
                    "pid": pid(),
                    "stages": list(answer.state),
                    "served_at": answer.served_at,
                    "broker": settings.broker,
                    "namespace": settings.namespace,
                    "ledger": shown(address(settings.ledger_url)),
                }
