"""Counts that travel: what a route counts on one pair, told to the ledger at intervals of event time and at the end."""

from msgspec import Struct

from app.domain.market_data import EndOfFeed, Mark
from app.domain.message import Origin, Send
from app.domain.opportunity import Tally

EVERY_NS = 10_000_000_000
"""Event time between two tallies: often enough to watch, too seldom to weigh."""


class Counts(Struct):
    """Name -> how often, since the start of the run."""

    by_name: dict[str, int] = {}
    told_at: int = 0
    told: int = 0

    def add(self, name: str) -> None:
        self.by_name[name] = self.by_name.get(name, 0) + 1

    def tell(self, route: str, pair: str, mark: Mark, origin: Origin) -> list[Send]:
        """The tally to send at this mark; none where nothing was counted since the last, or it is too early."""
        total = sum(self.by_name.values())
        if total == self.told or (type(mark) is not EndOfFeed and mark.received_time - self.told_at < EVERY_NS):
            return []
        self.told_at, self.told = mark.received_time, total
        body = Tally(route, pair, origin.partition, mark.received_time, dict(self.by_name))
        return [Send("opportunities", pair, body, name=f"{pair}/tally")]
