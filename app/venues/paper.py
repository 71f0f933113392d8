"""The paper venue: fills orders on recorded or live books, takes fees, fills in part, and sometimes fails.

With no latency an order fills on the books it was decided on. With latency it fills on the venue's first book at or
after decision + latency, never on an earlier one, found by reading market_data on from the decision's own position; so
an order that comes again finds the same book. Its state belongs to the engine, which recovers it with everything else.
"""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b

from msgspec import Struct

from app.domain.book import crossed, locked, read
from app.domain.depletion import Side
from app.domain.errors import Reject, Retry
from app.domain.execution import Fill, LegStatus, OrderReport, VenueOrder
from app.domain.market_data import Book, Level
from app.domain.money import ZERO, exact, plain
from app.domain.venue import VenueProfile, assets
from app.venues.port import Books


class PaperState(Struct):
    """What one paper venue remembers of one account."""

    orders: dict[str, OrderReport] = {}
    """By client order id."""
    balances: dict[str, Decimal] = {}
    """By asset; below zero only where funds are unlimited."""
    withheld: dict[str, Side] = {}
    """`pair side` -> what was taken of a level that has not changed since (with latency only)."""


class PaperVenue:
    """One venue for one account. `locks` keeps the order of arrival a pair."""

    def __init__(
        self,
        profile: VenueProfile,
        state: PaperState,
        books: Books,
        locks: dict[str, asyncio.Lock],
        *,
        depletion: bool = False,
    ) -> None:
        self._profile = profile
        self._state = state
        self._books = books
        self._locks = locks
        self._depletion = depletion
        for asset, amount in profile.funds.items():
            state.balances.setdefault(asset, amount)

    async def place(self, order: VenueOrder) -> OrderReport:
        async with self._locks.setdefault(f"{order.venue} {order.pair}", asyncio.Lock()):
            known = self._state.orders.get(order.client_order_id)
            if known is not None:
                return known
            chance = _chance(order.client_order_id)
            faults = self._profile.faults
            if chance < faults.refuse:
                report = self._refusal(order, "VENUE_REFUSED", f"{self._profile.name} refuses orders now and then")
            else:
                report = await self._work(order)
            self._state.orders[order.client_order_id] = report
        if faults.refuse <= chance < faults.refuse + faults.time_out:
            raise Retry(f"{self._profile.name}: no answer to order {order.client_order_id}; its outcome is not known")
        return report

    async def fetch(self, client_order_id: str) -> OrderReport | None:
        return self._state.orders.get(client_order_id)

    async def cancel(self, client_order_id: str) -> OrderReport | None:
        return self._state.orders.get(client_order_id)  # nothing rests: every order is immediate or cancel

    async def balances(self) -> Mapping[str, Decimal]:
        return dict(self._state.balances)

    async def _work(self, order: VenueOrder) -> OrderReport:
        at, levels, displayed = order.arrives_at, order.levels, None
        if levels is None:
            book = await self._book(order)
            if book is None:
                return OrderReport(order.client_order_id, "none", (), "NO_BOOK", "the feed ended first", at)
            at = max(at, book.received_time)
            levels = book.asks if order.side == "buy" else book.bids
            if self._depletion and order.limit_price is not None:  # a repair takes what is displayed
                displayed = self._state.withheld.setdefault(f"{order.pair} {order.side}", Side())
                displayed.see(levels)
                levels = displayed.less(levels)
        with exact():
            fills = _fills(order, levels, self._profile, at)
            short = self._short(order, fills)
            if short:
                return self._refusal(order, "INSUFFICIENT_FUNDS", short)
            self._settle(order, fills)
            filled = sum((fill.amount for fill in fills), ZERO)
        if displayed is not None:
            displayed.take(levels, filled)
        status: LegStatus = "filled" if filled == order.amount else "partial" if filled else "none"
        return OrderReport(order.client_order_id, status, fills, at=at)

    async def _book(self, order: VenueOrder) -> Book | None:
        """The first book that is one: market_data also holds what the decide stage set aside as invalid, and crossed or
        locked books, on which nobody could have traded."""
        not_before = order.arrives_at
        while True:
            book = await self._books.after(order.position, order.venue, order.pair, not_before)
            if book is None:
                return None
            try:
                prices = read(book)
            except Reject:
                broken = True
            else:
                broken = prices is not None and (locked(book) or crossed(book))
            if not broken:
                return book
            not_before = book.received_time + 1

    def _refusal(self, order: VenueOrder, code: str, detail: str) -> OrderReport:
        return OrderReport(order.client_order_id, "refused", (), code, detail, order.arrives_at)

    def _short(self, order: VenueOrder, fills: tuple[Fill, ...]) -> str:
        """Which asset is short for these fills, and by how much; empty where none is, or funds are unlimited."""
        if not self._profile.funds:
            return ""
        for asset, change in self._changes(order, fills).items():
            left = self._state.balances.get(asset, ZERO) + change
            if change < 0 and left < 0:
                return f"{plain(-left)} {asset} short at {self._profile.name}"
        return ""

    def _settle(self, order: VenueOrder, fills: tuple[Fill, ...]) -> None:
        for asset, change in self._changes(order, fills).items():
            self._state.balances[asset] = self._state.balances.get(asset, ZERO) + change

    @staticmethod
    def _changes(order: VenueOrder, fills: tuple[Fill, ...]) -> dict[str, Decimal]:
        base, quote = assets(order.pair)
        sign = 1 if order.side == "buy" else -1
        found = {base: ZERO, quote: ZERO}
        for fill in fills:
            found[base] += sign * fill.amount
            found[quote] -= sign * fill.amount * fill.price
            found[fill.fee_asset] -= fill.fee
        return found


def _fills(order: VenueOrder, levels: tuple[Level, ...], profile: VenueProfile, at: int) -> tuple[Fill, ...]:
    base, quote = assets(order.pair)
    left = order.amount
    fills: list[Fill] = []
    for text, size in levels:
        price = Decimal(text)
        limit = order.limit_price
        if left == 0 or (limit is not None and (price > limit if order.side == "buy" else price < limit)):
            break
        taken = min(left, Decimal(size))
        if taken == 0:
            break  # all zero: the venue is closed
        in_base = profile.fee_in == "base" and order.side == "buy"
        fee = taken * profile.fee if in_base else taken * price * profile.fee
        fills.append(Fill(price, taken, fee, base if in_base else quote, at))
        left -= taken
    return tuple(fills)


def _chance(client_order_id: str) -> Decimal:
    """A number in [0, 1) that is this order's own, today and in every replay."""
    return Decimal(int.from_bytes(blake2b(client_order_id.encode(), digest_size=6).digest(), "big")) / Decimal(2**48)
