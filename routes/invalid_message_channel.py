"""Invalid Message Channel: how can a receiver handle a message that makes no sense?

In        bytes that are no message of the channel they came on
Out       an InvalidMessage: where, which field, which value, why, and the bytes
Key       where it was found
Guarantee once a message, however often it is delivered; what arrives broken in this channel itself goes nowhere
Fails as  Halt, in the engine: where it cannot be written, the input stays uncommitted
"""

from collections.abc import Callable

from app.domain.errors import Reject
from app.domain.failure import InvalidMessage


def invalid_message_channel() -> Callable[[bytes | None, Reject, str], InvalidMessage]:
    def message(raw: bytes | None, error: Reject, where: str) -> InvalidMessage:
        return InvalidMessage(where, where, error.reason, error.field, error.value, raw or b"")

    return message
