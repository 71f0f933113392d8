"""Reads what the reconciliation needs from a ledger."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import SQLModel

from app.domain.ledger import Discrepancy, Holding, SettledBalance, SettledFill, SettledOrder
from app.domain.ledger import reconcile as reconciled
from app.storage.ledger import Ledger
from app.storage.tables import BalanceRow, FillRow, TradeOrderRow, table_of


async def reconcile(ledger: Ledger, *, opening: Mapping[Holding, Decimal] | None = None) -> list[Discrepancy]:
    """All that does not add up in the ledger, see `app.domain.ledger`; empty where everything does.

    Read at one moment, so that a ledger that is being written may be reconciled: a result, its fills and its balances
    are written in one transaction. Raises Retry where the database is away.
    """
    tables = (_columns(TradeOrderRow, _ORDER), _columns(FillRow, _FILL), _columns(BalanceRow, _BALANCE))
    orders, fills, balances = await ledger.snapshot(*tables)
    return reconciled(
        (SettledOrder(*row) for row in orders),
        (SettledFill(*row) for row in fills),
        (SettledBalance(*row) for row in balances),
        opening=opening,
    )


_ORDER = (
    "trade_id", "attempt", "account", "pair", "status", "profit", "exposure_base",
    "buy_venue", "sell_venue", "buy_amount", "sell_amount",
)  # fmt: skip
_FILL = ("trade_id", "attempt", "venue", "pair", "side", "price", "amount", "fee", "fee_asset")
_BALANCE = ("account", "venue", "asset", "opening", "closing")


def _columns(model: type[SQLModel], names: tuple[str, ...]) -> Select[Any]:
    """The named columns, in the order of the domain's fields, sorted by key: two reports of one ledger are the same."""
    table = table_of(model)
    return select(*(table.c[name] for name in names)).order_by(*table.primary_key.columns)
