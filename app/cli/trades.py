"""crossbook trades: one line a trade, what was expected against what was got."""

from decimal import Decimal
from typing import Annotated, Any

import typer

from app.cli.options import AtMost, InRun, OnDay, day_of, facts, moment
from app.cli.show import AsJson, as_json, out, table
from app.domain.errors import UsageError
from app.operator.chosen import chosen
from app.operator.looking import looking
from app.settings import load
from app.storage.queries import trades as trades_of
from app.storage.tables import TradeOrderRow

_STATUSES = ("filled", "repaired", "exposed", "failed", "refused")


def trades(
    limit: AtMost = 20,
    day: OnDay = None,
    status: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(_STATUSES)}.")] = None,
    run: InRun = "",
    json: AsJson = False,
) -> None:
    """List trades, oldest first: expected against got, in quote currency, repairs included.

    Example: crossbook trades --limit 10 --status repaired
    """
    if status is not None and status not in _STATUSES:
        raise UsageError(f"--status {status!r}: there are {', '.join(_STATUSES)}")
    at = chosen(load(), run)
    rows = looking(at, lambda ledger: trades_of(ledger, day=day_of(day), limit=limit, status=status))
    if json:
        as_json([facts(row) for row in rows])
    else:
        table([_line(row) for row in rows], title=at.title, empty="no trades")


def _line(row: TradeOrderRow) -> dict[str, Any]:
    """What fits 80 columns; the id, which `trace` takes, where there is room for it."""
    line = {
        "decided": (moment(row.decided_at) or "").partition(".")[0],
        "pair": row.pair if row.attempt == 1 else f"{row.pair} #{row.attempt}",
        "buy > sell": f"{row.buy_venue} > {row.sell_venue}",
        "status": " ".join(part for part in (row.status or "open", row.code) if part),
        "expected": _short(row.expected_profit),
        "got": _short(row.profit),
        "repairs": _short(row.repair_cost),
    }
    return line | {"trade": row.trade_id} if out.width >= 120 else line


def _short(amount: Decimal | None) -> Decimal | None:
    """Five digits for the eye; --json has all of them."""
    return None if amount is None else Decimal(f"{amount:.5g}")
