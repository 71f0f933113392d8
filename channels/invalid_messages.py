"""invalid_messages: what is no message of ours, raw, with where it was found, the field, the value and the reason.

Producers: the feed adapter and every stage. Consumer: account. One partition: read by people, in order.
"""

from app.domain.failure import InvalidMessage
from channels.channel import Channel

NAME = "invalid_messages"

INVALID_MESSAGES = Channel(
    name=NAME, message=InvalidMessage, key="where it was found: there is nothing else to trust", spread="one"
)
