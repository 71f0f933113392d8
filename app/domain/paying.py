"""Directions that pay: from the joined instant that opens one to the first that does not pay."""

from msgspec import Struct

from app.domain.direction import Direction
from app.domain.identity import short_id
from app.domain.opportunity import Crossing, OpportunityClosed


class Open(Struct):
    """A direction that paid at the last joined instant."""

    opportunity_id: str
    opened_at: int
    instants: int
    best: float
    """Of the gross edges, with the prices of that instant: the net edge grows with it."""
    bid: str
    ask: str


class Paying(Struct):
    """What is open on one pair, by name of the direction (`buy>sell`)."""

    on: dict[str, Open] = {}

    def see(self, direction: str, crossing: Crossing, message_id: str) -> tuple[str, bool]:
        """One more paying instant: the opportunity's id, and whether it opens with this instant."""
        known = self.on.get(direction)
        if known is None:
            opportunity_id = short_id("opp", crossing.pair, direction, message_id)
            self.on[direction] = Open(opportunity_id, crossing.at, 1, crossing.gross, crossing.bid, crossing.ask)
            return opportunity_id, True
        known.instants += 1
        if crossing.gross > known.best:
            known.best, known.bid, known.ask = crossing.gross, crossing.bid, crossing.ask
        return known.opportunity_id, False

    def close(self, pair: str, direction: Direction, at: int, *, ended: bool = True) -> list[OpportunityClosed]:
        """It does not pay at this instant; not `ended`: there is none any more. Empty where nothing was open."""
        known = self.on.pop(direction.name, None)
        if known is None:
            return []
        buy, _, sell = direction.name.partition(">")
        best = direction.net_bps(known.bid, known.ask)
        return [
            OpportunityClosed(known.opportunity_id, pair, buy, sell, known.opened_at, at, known.instants, best, ended)
        ]
