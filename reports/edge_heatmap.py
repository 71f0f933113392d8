"""Between which venues did the edge lie? Buy venues down, sell venues across."""

from collections import defaultdict
from decimal import Decimal

from app.domain.statistics import Unsaid, percentile
from app.storage.tables import OpportunityRow
from reports import chart
from reports.number import bps, count
from reports.section import Chart, Section, Table, Value
from reports.view import LedgerView

TITLE = "Between which venues did the edge lie?"
_ROWS = 15
Cells = dict[tuple[str, str], list[OpportunityRow]]


def edge_heatmap(view: LedgerView) -> Section:
    """Opportunities and their median net edge (bps of the ask, after fees, as each opened) by direction."""
    if not view.opportunities:
        return Section("edge", TITLE, "Edge by venue", empty="No opportunity opened: no direction paid after fees.")
    cells: Cells = defaultdict(list)
    for row in view.opportunities:
        cells[row.buy_venue, row.sell_venue].append(row)
    notes = (
        "Net edge: best bid over best ask after both venues' fees, when the opportunity opened. Edges say nothing of "
        "the size behind them.",
    )
    return Section("edge", TITLE, "Edge by venue", charts=(_chart(cells),), tables=(_table(view),), notes=notes)


def median_edge(rows: list[OpportunityRow]) -> Decimal:
    """Basis points; `rows` is not empty."""
    middle = percentile([row.net_edge_bps for row in rows], 0.5)
    if isinstance(middle, Unsaid):
        raise ValueError(f"a direction without opportunities has no median edge: {middle.reason}")
    return middle


def _table(view: LedgerView) -> Table:
    groups: dict[tuple[str, str, str], list[OpportunityRow]] = defaultdict(list)
    for row in view.opportunities:
        groups[row.buy_venue, row.sell_venue, row.pair].append(row)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = tuple(
        (
            Value(f"{buy} > {sell}"),
            Value(pair),
            count(len(found)),
            bps(median_edge(found)),
            bps(max(row.best_net_edge_bps or row.net_edge_bps for row in found)),
            count(sum(row.amount is not None for row in found)),
        )
        for (buy, sell, pair), found in ordered[:_ROWS]
    )
    note = f"The {_ROWS} most frequent of {len(ordered):,}." if len(ordered) > _ROWS else ""
    columns = ("Buy > sell", "Pair", "#Opportunities", "#Median net edge", "#Best net edge", "#Ordered")
    return Table("By direction and pair", columns, rows, note)


def _chart(cells: Cells) -> Chart:
    venues = sorted({venue for direction in cells for venue in direction})
    edges = {direction: float(median_edge(rows)) for direction, rows in cells.items()}
    high = max(edges.values()) or 1.0
    values: list[dict[str, object]] = []
    for buy in venues:
        for sell in venues:
            if (buy, sell) in cells:
                edge, number = edges[buy, sell], len(cells[buy, sell])
                shown = [bps(median_edge(cells[buy, sell])).text, f"n = {number:,}"]
                values.append({"b": buy, "s": sell, "e": edge, "t": shown, "dark": edge > 0.72 * high})
            else:
                values.append({"b": buy, "s": sell, "e": None, "t": ["" if buy == sell else "none"], "dark": False})
    x_axis = {"title": "sell venue", "orient": "top", "labelAngle": 0, "domain": False, "ticks": False}
    y_axis = {"title": "buy venue", "domain": False, "ticks": False}
    scale = {"range": ["#e8f1f8", "#86b8da", "#0b4a82"], "domainMin": 0, "domainMax": high}
    legend = {"title": ["median net", "edge (bps)"], "gradientLength": 120}
    ink = {"condition": {"test": "datum.dark", "value": "#ffffff"}, "value": chart.INK}
    size = 12 if len(venues) <= 8 else 9
    spec: chart.Spec = {
        "data": {"values": values},
        "encoding": {
            "x": {"field": "s", "type": "nominal", "axis": x_axis},
            "y": {"field": "b", "type": "nominal", "axis": y_axis},
        },
        "layer": [
            {
                "mark": {"type": "rect", "stroke": "#ffffff", "strokeWidth": 3, "invalid": None},
                "encoding": {
                    "color": {
                        "condition": {"test": "datum.e === null", "value": "#f5f7fa"},
                        "field": "e",
                        "type": "quantitative",
                        "scale": scale,
                        "legend": legend,
                    }
                },
            },
            {
                "mark": {"type": "text", "fontSize": size, "lineHeight": size + 4, "dy": -size / 2},
                "encoding": {"text": {"field": "t"}, "color": ink},
            },
        ],
    }
    best = max(edges, key=lambda direction: edges[direction])
    text = f"{len(venues)} venues; the widest median edge is {best[0]} to {best[1]}: {edges[best]:.1f} basis points."
    title = "Median net edge (bps) and number of opportunities, by buy and sell venue"
    height = 60 + len(venues) * (54 if len(venues) <= 8 else 34)
    return chart.draw("edge", spec, height=height, title=title, description=text)
