"""dead_letters: readable messages that failed for good, with the original, the first failure and all attempts.

Producers: execute, and any stage for a message it cannot handle. Consumers: account, `crossbook dlq`. One partition:
dead letters are few and read by people, in the order in which they died.
"""

from app.domain.failure import DeadLetter
from channels.channel import Channel

NAME = "dead_letters"

DEAD_LETTERS = Channel(
    name=NAME, message=DeadLetter, key="the trade, or the message's own id: what is replayed together", spread="one"
)
