"""Message Store: what was said, when, and in answer to what, once the messages themselves are out of sight?

In:         every channel that the stage consumes
Out:        one row of `messages` a message: where it stands and what it came from; the payload stays in Kafka
Key:        message id
Guarantee:  the first delivery wins, so that a second one changes nothing
Fails as:   nothing
"""

from collections.abc import Callable

from app.domain.message import Origin
from app.storage.tables import MessageRow
from app.storage.upsert import Upsert


def message_store() -> Callable[[object, Origin], list[Upsert]]:
    """Returns the handler of a sink stage; it looks at the envelope alone."""

    def store(body: object, origin: Origin) -> list[Upsert]:
        values = {
            "message_id": origin.message_id,
            "correlation_id": origin.correlation_id,
            "causation_id": origin.causation_id,
            "channel": origin.channel,
            "partition": origin.partition,
            "route": origin.history[-1] if origin.history else "",
            "event_time": origin.event_time,
            "wall_offset": origin.offset,
            "wall_sent": origin.wall_sent,
        }
        return [Upsert(MessageRow, values)]

    return store
