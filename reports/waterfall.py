"""What became of the gross edge? From the edge of the books that were traded, cost by cost, to the net profit."""

from decimal import Decimal

from app.domain.money import ZERO, exact
from reports import chart
from reports.breakdown import Breakdown, open_inventory, summed
from reports.number import money, percent, places
from reports.section import Chart, Section, Table, Value
from reports.view import LedgerView

TITLE = "What became of the gross edge?"
Step = tuple[str, Decimal]


def waterfall(view: LedgerView) -> Section:
    """One waterfall a quote currency; its steps sum to the profit to the last digit."""
    if not view.trades:
        return Section("waterfall", TITLE, "Gross to net", empty="No trade was settled, so no edge was taken.")
    charts: list[Chart] = []
    tables: list[Table] = []
    warnings = [*open_inventory(view)]
    for currency, trades in view.by_currency.items():
        parts = summed(trades)
        charts.append(_chart(currency, parts))
        tables.append(_table(currency, parts))
        if parts.unexplained:
            amount = money(parts.unexplained, currency).text
            warnings.append(f"The ledger's profit differs from its fills by {amount}.")
    notes = [
        "Slippage is what the books promised less what the fills brought before fees; size that was not filled counts "
        "as slippage. Repairs are what closing the unmatched remainder cost, before its fees.",
    ]
    paid_in_base = sorted({f.fee_asset for t in view.trades for f in t.fills if f.fee and f.fee_asset == t.base})
    if paid_in_base:
        notes.append(
            f"Fees taken in {', '.join(paid_in_base)} are inside the gross edge: the buy leg is that much larger."
        )
    other = sorted(
        {f.fee_asset for t in view.trades for f in t.fills if f.fee and f.fee_asset not in (t.base, t.quote)}
    )
    if other:
        warnings.append(f"Fees taken in {', '.join(other)} are not in these profits.")
    return Section(
        "waterfall",
        TITLE,
        "Gross to net",
        charts=tuple(charts),
        tables=tuple(tables),
        notes=tuple(notes),
        warnings=tuple(warnings),
    )


def steps(parts: Breakdown) -> list[Step]:
    """The changes from zero to the profit, signed as they act on it; rare ones only where they are not zero."""
    with exact():
        changes = [("Gross edge", parts.gross_edge), ("Fees", -parts.fees), ("Slippage", -parts.slippage)]
        changes.append(("Repairs", -parts.repairs))
        rare = [("Left open", -parts.left_open), ("Unexplained", parts.unexplained)]
        return changes + [step for step in rare if step[1]]


def _table(currency: str, parts: Breakdown) -> Table:
    changes = [*steps(parts), ("Net profit", parts.profit)]
    decimals = places([amount for _, amount in changes])
    rows = tuple(
        (
            Value(label),
            money(amount, currency, decimals=decimals, toned=label != "Gross edge"),
            percent(amount / parts.gross_edge) if parts.gross_edge > 0 else Value("N/A"),
        )
        for label, amount in changes
    )
    return Table(f"From gross to net in {currency}", ("Step", "#Amount", "#Of the gross edge"), rows)


def _chart(currency: str, parts: Breakdown) -> Chart:
    values, level = [], ZERO
    changes = steps(parts)
    amounts = [float(amount) for _, amount in changes]
    decimals = places([amount for _, amount in changes])
    with exact():
        for label, amount in [*changes, ("Net profit", parts.profit)]:
            start = ZERO if label == "Net profit" else level
            level = start + amount
            kind = "total" if label in ("Gross edge", "Net profit") else ("gain" if amount >= 0 else "loss")
            text = money(amount, decimals=decimals, toned=kind != "total").text
            ends = {"from": float(start), "to": float(level), "top": float(max(start, level))}
            values.append({"step": label, "kind": kind, "text": text, **ends})
    order = [str(row["step"]) for row in values]
    x = {"field": "step", "type": "nominal", "sort": order, "axis": {"title": None, "labelAngle": 0, "ticks": False}}
    axis = {"title": currency, "format": chart.number_format(amounts)}
    colours = {"domain": ["total", "gain", "loss"], "range": [chart.BLUE, chart.GREEN, chart.RED]}
    spec: chart.Spec = {
        "data": {"values": values},
        "encoding": {"x": x},
        "layer": [
            {
                "mark": {"type": "bar", "size": 64},
                "encoding": {
                    "y": {"field": "from", "type": "quantitative", "axis": axis},
                    "y2": {"field": "to"},
                    "color": {"field": "kind", "type": "nominal", "scale": colours, "legend": None},
                },
            },
            {
                "mark": {"type": "text", "dy": -9, "fontWeight": "bold"},
                "encoding": {"y": {"field": "top", "type": "quantitative"}, "text": {"field": "text"}},
            },
            {"mark": {"type": "rule", "color": chart.MUTED}, "encoding": {"y": {"datum": 0}, "x": None}},
        ],
    }
    text = "; ".join(f"{row['step']} {row['text']}" for row in values) + f" (in {currency})."
    name = f"waterfall-{chart.slug(currency)}"
    return chart.draw(name, spec, height=260, title=f"From gross edge to net profit in {currency}", description=text)
