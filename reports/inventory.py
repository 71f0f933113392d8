"""How far did the inventories drift apart? What every venue bought, sold and was left with, from the fills."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from app.domain.money import ZERO, exact
from app.domain.venue import assets
from app.storage.tables import FillRow
from reports.number import money, places
from reports.section import Section, Table, Value
from reports.view import LedgerView

TITLE = "How far did the inventories drift?"


@dataclass(slots=True)
class Drift:
    """One asset at one venue, in the asset's own unit. `out` and `fees` >= 0."""

    came: Decimal = ZERO
    out: Decimal = ZERO
    fees: Decimal = ZERO
    lowest: Decimal = ZERO
    """Furthest below the start: what had to be there beforehand; <= 0."""

    @property
    def net(self) -> Decimal:
        return self.came - self.out - self.fees


def inventory(view: LedgerView) -> Section:
    """A row a venue and asset; drift is neither profit nor loss until somebody moves it back."""
    moved = drift([fill for trade in view.trades for fill in trade.fills])
    if not moved:
        return Section("inventory", TITLE, "Inventory drift", empty="No fill, so every venue holds what it held.")
    closing = {(row.venue, row.asset): row.closing for row in view.balances}
    worth = _worth(view)
    by_asset: dict[str, list[tuple[str, Drift]]] = defaultdict(list)
    for (venue, asset), row in sorted(moved.items()):
        by_asset[asset].append((venue, row))
    rows = []
    for asset, venues in sorted(by_asset.items()):
        moves = [number for _, row in venues for number in (row.came, row.out)]
        decimals = 4 if Decimal(1) <= max(moves) < 1_000 else places(moves)  # coins are dearer than money
        with exact():
            most = max((abs(row.net) for _, row in venues), default=ZERO)
            for venue, row in venues:
                net = money(row.net, decimals=decimals, toned=True)
                rows.append(
                    (
                        Value(asset),
                        Value(venue),
                        money(row.came, decimals=decimals),
                        money(row.out, decimals=decimals),
                        money(row.fees, decimals=decimals) if row.fees else Value("–"),
                        Value(net.text, f"{net.exact} {asset}", net.tone, float(row.net) / float(most) if most else 0),
                        money(row.lowest, decimals=decimals),
                        money(closing[venue, asset], decimals=decimals) if (venue, asset) in closing else Value("N/A"),
                        _value_of(row.net, worth.get((venue, asset))),
                    )
                )
    columns = ("Asset", "Venue", "#In", "#Out", "#Fees", "#Drift", "#Lowest", "#Balance at end", "#Drift at last bid")
    notes = ["Lowest is how far the holding fell below its start: what had to lie there beforehand."]
    if view.day is not None:
        notes.append("Drift is this day's; the balance is that at the end of the run.")
    notes.append("Transfers back between venues, and their fees, are not included; nor are price moves of inventory.")
    return Section(
        "inventory",
        TITLE,
        "Inventory drift",
        tables=(Table("By asset and venue", columns, tuple(rows)),),
        notes=tuple(notes),
    )


def drift(fills: Iterable[FillRow]) -> dict[tuple[str, str], Drift]:
    """(venue, asset) -> what moved there, fills in event time."""
    moved: dict[tuple[str, str], Drift] = defaultdict(Drift)
    with exact():
        for fill in sorted(fills, key=lambda fill: (fill.at, fill.client_order_id, fill.number)):
            base, quote = assets(fill.pair)
            came, gone = (base, quote) if fill.side == "buy" else (quote, base)
            amounts = {base: fill.amount, quote: fill.price * fill.amount}
            moved[fill.venue, came].came += amounts[came]
            moved[fill.venue, gone].out += amounts[gone]
            moved[fill.venue, fill.fee_asset].fees += fill.fee
            for asset in (base, quote, fill.fee_asset):
                row = moved[fill.venue, asset]
                row.lowest = min(row.lowest, row.net)
    return dict(moved)


def _worth(view: LedgerView) -> dict[tuple[str, str], tuple[Decimal, str]]:
    """(venue, base) -> last bid and its currency."""
    found: dict[tuple[str, str], tuple[Decimal, str]] = {}
    for quote in sorted(view.quotes, key=lambda row: row.received_time):
        base, currency = assets(quote.pair)
        if quote.bid is not None:
            found[quote.venue, base] = (quote.bid, currency)
    return found


def _value_of(amount: Decimal, price: tuple[Decimal, str] | None) -> Value:
    return Value("") if price is None else money(amount * price[0], price[1], toned=True)
