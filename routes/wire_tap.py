"""Wire Tap: how do you inspect messages that travel where no channel lies?

In        what passes between two routes inside an agent
Out       a copy to wire_tap: from, to, body
Key       the message's id
Guarantee the way itself never waits: copies that cannot be taken at once are dropped and counted
Fails as  nothing
"""

from collections.abc import Callable
from typing import Any
from zlib import crc32

from app.domain.message import Origin

Copy = Callable[[str, str, Any, Origin], None]


def wire_tap(*, share: float, put: Copy) -> Callable[[str], Copy | None]:
    """For a message id, where its hops are to be copied to: `share` of all messages, the same in every replay."""
    limit = share * 2**32

    def tap(message_id: str) -> Copy | None:
        return put if limit and crc32(message_id.encode()) < limit else None

    return tap
