"""market_data: every venue's books and trades in canonical form, and the marks that travel in band with them.

Producer: a feed adapter, which normalises. Consumer: decide, and the paper venue, which reads on from a decision.
Ordering: all venues' books of a pair lie in one partition in their order of arrival, so that the join is deterministic.
"""

from app.domain.market_data import MarketData
from channels.channel import Channel

NAME = "market_data"

MARKET_DATA = Channel(
    name=NAME,
    message=MarketData,
    key="the pair: what is joined must arrive in one order; marks carry none and go to every partition",
    spread="partitions",
)
