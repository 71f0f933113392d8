"""Buying at one venue and selling at another: what both fees leave of a crossing."""

from collections.abc import Mapping
from decimal import Decimal

from app.domain.money import plain
from app.domain.opportunity import net_edge_bps, pays
from app.domain.venue import VenueProfile

_DOUBT = 1e-12
"""Relative distance within which two products of floats may compare wrongly (a few units in the last of 53 bits)."""


class Direction:
    """One of them, with what is the same at every instant worked out once."""

    __slots__ = ("_buy", "_earned", "_paid", "_sell", "fees", "name")

    def __init__(self, buy: VenueProfile, sell: VenueProfile) -> None:
        self.name = f"{buy.name}>{sell.name}"
        self.fees = f"fees {plain(buy.fee_bps)} + {plain(sell.fee_bps)} bp"
        self._buy, self._sell = buy, sell
        fee = float(buy.fee)
        self._paid = 1.0 / (1.0 - fee) if buy.fee_in == "base" else 1.0 + fee
        self._earned = 1.0 - float(sell.fee)

    def pays(self, bid: float, ask: float, exact_bid: str, exact_ask: str) -> bool:
        """Whether bid x (1 - fee) > ask x (1 + fee), strictly: floats where they cannot err, else the venues' text."""
        earned, paid = bid * self._earned, ask * self._paid
        if abs(earned - paid) > _DOUBT * paid:
            return earned > paid
        return pays(exact_bid, exact_ask, self._buy, self._sell)

    def net_bps(self, bid: str, ask: str) -> Decimal:
        """Net edge in basis points of the ask."""
        return net_edge_bps(bid, ask, self._buy, self._sell)


def directions(profiles: Mapping[str, VenueProfile]) -> dict[str, dict[str, Direction]]:
    """By buying venue, then by selling venue."""
    return {buy.name: {sell.name: Direction(buy, sell) for sell in profiles.values()} for buy in profiles.values()}
