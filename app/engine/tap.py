"""Where the wire tap's copies go: to Kafka if it takes them at once, else nowhere."""

import asyncio
from typing import Any

from app.domain.message import Origin
from app.engine.codec import encode, headers
from app.engine.outbox import Outbox
from app.settings import Settings
from channels.wire_tap import WIRE_TAP

_MOST_WAITING = 1_000


class TapSender:
    """A bounded queue beside the way; `dropped` counts the copies that found it full."""

    def __init__(self, settings: Settings, outbox: Outbox) -> None:
        self._topic = WIRE_TAP.topic(settings)
        self._outbox = outbox
        self._queue: asyncio.Queue[tuple[dict[str, Any], Origin]] = asyncio.Queue(_MOST_WAITING)
        self._task: asyncio.Task[None] | None = None
        self.dropped = 0

    def put(self, before: str, after: str, body: Any, origin: Origin) -> None:
        """Takes a copy without waiting."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._send())
        try:
            self._queue.put_nowait(({"from": before, "to": after, "type": type(body).__name__, "body": body}, origin))
        except asyncio.QueueFull:
            self.dropped += 1

    async def _send(self) -> None:
        while True:
            copy, origin = await self._queue.get()
            copy["dropped"] = self.dropped
            await self._outbox.send(self._topic, origin.message_id.encode(), encode(copy), headers(origin))
