"""control: what operators say to the workers, and what the workers answer.

Producers: `crossbook control`, every worker. Consumers: every worker reads all of it from the beginning, in no group,
so that a pause survives a restart. Compacted by kind and stage: the latest word holds.
"""

from app.domain.control import ControlMessage
from channels.channel import Channel

NAME = "control"

CONTROL = Channel(
    name=NAME,
    message=ControlMessage,
    key="kind and stage of a command, worker of an answer: only the latest of each matters",
    spread="one",
    keep="compact",
)
