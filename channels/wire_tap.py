"""wire_tap: copies of what passes between two routes inside an agent, where no topic lies; sampled, for looking at.

Producer: every stage whose tap is switched on. Consumer: people. Losing a copy is allowed and counted.
"""

from typing import Any

from channels.channel import Channel

NAME = "wire_tap"

WIRE_TAP = Channel(name=NAME, message=dict[str, Any], key="the message's id", spread="one")
