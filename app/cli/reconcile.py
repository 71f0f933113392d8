"""crossbook reconcile: does the ledger add up?"""

import typer

from app.cli.options import InRun
from app.cli.show import AsJson, as_json, out, table
from app.domain.ledger import Discrepancy
from app.operator.chosen import chosen
from app.operator.looking import looking
from app.settings import load
from app.storage.ledger import Ledger
from app.storage.reconcile import reconcile as reconciled
from app.storage.totals import counts


def reconcile(run: InRun = "", json: AsJson = False) -> None:
    """Check the ledger to the last digit; ends with 1, and what does not add up, where something does not.

    Every order has one outcome, legs match, and closing = opening + fills - fees for each venue and currency.

    Example: crossbook reconcile --run latest
    """
    at = chosen(load(), run)
    found, orders = looking(at, _both)
    if json:
        as_json(
            {"run": at.name, "reconciled": not found, "orders": orders, "discrepancies": [_row(each) for each in found]}
        )
    elif found:
        table([_row(each) for each in found], title=f"{at.title}: {len(found)} things do not add up")
    else:
        out.print(
            f"{at.title}: every order has one outcome, legs match, balances add up ({orders:,} orders)", markup=False
        )
    if found:
        raise typer.Exit(1)


async def _both(ledger: Ledger) -> tuple[list[Discrepancy], int]:
    return await reconciled(ledger), (await counts(ledger)).orders


def _row(found: Discrepancy) -> dict[str, str]:
    attempt = f"{found.trade_id} attempt {found.attempt}" if found.attempt else found.trade_id
    where = " ".join(part for part in (attempt, found.account, found.venue, found.asset) if part)
    return {"what": found.what, "where": where, "expected": found.expected, "found": found.found}
