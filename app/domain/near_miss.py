"""Spells of near misses: one message when a spell begins, one when it ends, however many instants lie between."""

from decimal import Decimal

from msgspec import Struct

from app.domain.identity import short_id
from app.domain.money import ratio_bps
from app.domain.opportunity import Crossing, NearMiss


class Spell(Struct):
    code: str
    detail: str
    near_miss_id: str
    first_at: int
    last_at: int
    instants: int
    number: int
    """The joined instant it was last seen at, to tell whether the next follows."""
    best: float
    bid: str
    ask: str


class Spells(Struct):
    """Direction (`buy>sell`) -> the spell that is on."""

    on: dict[str, Spell] = {}

    def refuse(self, crossing: Crossing, code: str, detail: str, message_id: str) -> list[NearMiss]:
        """One more refused instant: the messages that end another spell and begin this one, or none."""
        direction = f"{crossing.buy_venue}>{crossing.sell_venue}"
        spell = self.on.get(direction)
        if spell is not None and spell.code == code and crossing.number - spell.number <= 1:
            spell.last_at, spell.number = crossing.at, crossing.number
            spell.instants += 1
            if crossing.gross > spell.best:
                spell.best, spell.bid, spell.ask = crossing.gross, crossing.bid, crossing.ask
            return []
        ended = self.quiet(crossing.pair, direction)
        near_miss_id = short_id("near", crossing.pair, direction, code, message_id)
        self.on[direction] = Spell(
            code,
            detail,
            near_miss_id,
            crossing.at,
            crossing.at,
            1,
            crossing.number,
            crossing.gross,
            crossing.bid,
            crossing.ask,
        )
        return [*ended, _told(crossing.pair, direction, self.on[direction])]

    def quiet(self, pair: str, direction: str) -> list[NearMiss]:
        """The direction is not refused at this instant: the message that ends its spell, if one was on."""
        spell = self.on.pop(direction, None)
        return [] if spell is None or spell.instants == 1 else [_told(pair, direction, spell)]

    def end(self, pair: str) -> list[NearMiss]:
        return [message for direction in sorted(self.on) for message in self.quiet(pair, direction)]


def _told(pair: str, direction: str, spell: Spell) -> NearMiss:
    buy, _, sell = direction.partition(">")
    edge = ratio_bps(Decimal(spell.bid) - Decimal(spell.ask), Decimal(spell.ask))
    return NearMiss(
        spell.near_miss_id,
        pair,
        buy,
        sell,
        spell.code,
        spell.first_at,
        spell.last_at,
        spell.instants,
        edge,
        spell.detail,
    )
