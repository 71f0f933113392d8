"""opportunities: opportunities opened and closed, near misses, and the counts of what the decide stage saw.

Producer: decide. Consumer: account. Ordering: by pair, so that a closing follows its opening.
"""

from app.domain.opportunity import Event
from channels.channel import Channel

NAME = "opportunities"

OPPORTUNITIES = Channel(
    name=NAME, message=Event, key="the pair: an opportunity's life is one order", spread="partitions"
)
