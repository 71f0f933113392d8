"""What a venue can be asked, paper or real. A venue classifies its errors (Retry, Refuse); it never retries."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from app.domain.execution import OrderReport, VenueOrder
from app.domain.market_data import Book
from app.domain.order import Position


class VenuePort(Protocol):
    async def place(self, order: VenueOrder) -> OrderReport:
        """Works the order, immediate or cancel, and says what became of it. The same client order id again gives the
        same report and moves nothing. Raises Retry where the outcome is unknown; a venue's no is a report.
        """
        ...

    async def fetch(self, client_order_id: str) -> OrderReport | None:
        """What became of an order; None where the venue never saw it."""
        ...

    async def cancel(self, client_order_id: str) -> OrderReport | None:
        """Takes back what is not filled; answers as `fetch`. An order may have filled meanwhile: believe the report."""
        ...

    async def balances(self) -> Mapping[str, Decimal]:
        """What the account holds here, by asset."""
        ...


class Books(Protocol):
    """Market data as it was: what a venue quoted at or after an instant."""

    async def after(self, position: Position, venue: str, pair: str, not_before: int) -> Book | None:
        """The venue's first book of the pair behind `position` received at or after `not_before`; None: none will."""
        ...
