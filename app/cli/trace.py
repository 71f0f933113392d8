"""crossbook trace: a message's whole way, from the tick to the fills."""

from decimal import Decimal
from typing import Annotated, Any

import typer

from app.cli.options import InRun, facts, moment
from app.cli.show import AsJson, as_json, say, table
from app.domain.money import ZERO, exact, plain
from app.operator.chosen import chosen
from app.operator.looking import looking
from app.operator.whole_way import Stop, Way, whole_way
from app.settings import load
from app.storage.tables import FillRow


def trace(
    identity: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A message's, tick's, trade's, opportunity's or dead letter's id, or a client order id.",
            show_default=False,
        ),
    ],
    run: InRun = "",
    json: AsJson = False,
) -> None:
    """Show a message's whole way from tick to fill: each channel, place, route and time on it, then the fills.

    Example: crossbook trace 'recording:binance:BTC/USDT:42/sizing.0' --run latest
    """
    at = chosen(load(), run)
    way = looking(at, lambda ledger: whole_way(ledger, at.settings, identity))
    first = way.stops[0].sent_at
    if json:
        as_json(
            {
                "messages": [stop._asdict() | {"wall_ms": _since(first, stop)} for stop in way.stops],
                "fills": [facts(fill) for fill in way.fills],
                "note": way.note,
            }
        )
        return
    tick = way.stops[0].message_id
    table([_line(stop, first, tick) for stop in way.stops], title=f"{tick} in {at.title}")
    _fills(way)
    if way.note:
        say(f"note: {way.note}")


def _fills(way: Way) -> None:
    """An order a line; --json has each fill."""
    orders: dict[str, list[FillRow]] = {}
    for fill in way.fills:
        orders.setdefault(fill.client_order_id, []).append(fill)
    table([_order(fills) for fills in orders.values()], title="fills by order", empty="no fills")


def _since(first: int | None, stop: Stop) -> float | None:
    return None if first is None or stop.sent_at is None else round((stop.sent_at - first) / 1_000_000, 3)


def _line(stop: Stop, first: int | None, tick: str) -> dict[str, Any]:
    since = _since(first, stop)
    known = stop.partition is not None and stop.offset is not None
    short = f"…{stop.message_id.removeprefix(tick)}" if stop.message_id.startswith(f"{tick}/") else stop.message_id
    return {
        "channel": " " * stop.depth + stop.channel,
        "place": f"{stop.partition}/{stop.offset}" if known else None,
        "route": stop.route,
        "event time": (moment(stop.event_time) or "").partition(" ")[2] or None,
        "ms": None if since is None else f"{since:,.1f}",
        "id": short if stop.depth else "…",
    }


def _order(fills: list[FillRow]) -> dict[str, Any]:
    with exact():
        amount = sum((fill.amount for fill in fills), ZERO)
        fees = sum((fill.fee for fill in fills), ZERO)
        notional = sum((fill.amount * fill.price for fill in fills), ZERO)
    return {
        "at (UTC)": (moment(fills[-1].at) or "").partition(" ")[2],
        "role": fills[0].role,
        "venue": fills[0].venue,
        "fills": len(fills),
        "amount": plain(amount),
        "price": plain(Decimal(f"{notional / amount:.10g}")),
        "fee": f"{plain(fees)} {fills[0].fee_asset}",
    }
