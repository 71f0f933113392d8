"""Did trades earn what was expected? Expected against realised profit of every trade, and the worst ten."""

from decimal import Decimal

from app.domain.money import exact
from app.domain.statistics import Unsaid, percentile, total
from reports import chart
from reports.breakdown import breakdown
from reports.number import count, distinct, grouped, money, places, time
from reports.section import Chart, Figure, Section, Table, Value
from reports.trade import Trade
from reports.view import LedgerView

TITLE = "Did trades earn what was expected?"
_DOTS = 1_500
_GRID = 72
_WORST = 10


def expected_against_realised(view: LedgerView) -> Section:
    """A dot a trade, on the diagonal where it earned what sizing expected; thinned to a grid where there are many."""
    if not view.trades:
        return Section("expected", TITLE, "Expected against realised", empty="No trade was settled.")
    figures: list[Figure] = []
    charts: list[Chart] = []
    tables: list[Table] = []
    for currency, trades in view.by_currency.items():
        figures += _figures(currency, trades)
        if len(trades) > 1:
            charts.append(_chart(currency, trades))
        tables += _worst(currency, trades)
    notes: tuple[str, ...] = (
        "Expected is the net profit for which the order was sized, on the books of its decision.",
    )
    if any(trade.exposed for trade in view.trades):
        notes += ("An exposed trade counts with what it left open at its fills' prices: no profit, no loss.",)
    return Section(
        "expected",
        TITLE,
        "Expected against realised",
        figures=tuple(figures),
        charts=tuple(charts),
        tables=tuple(tables),
        notes=notes,
    )


def shortfall(trade: Trade) -> Decimal:
    """Realised less expected profit, quote currency: < 0 earned less than expected."""
    with exact():
        return trade.profit - trade.order.expected_profit


def _figures(currency: str, trades: tuple[Trade, ...]) -> list[Figure]:
    expected = total([trade.order.expected_profit for trade in trades])
    realised = total([trade.profit for trade in trades])
    middle = percentile([shortfall(trade) for trade in trades], 0.5)
    as_expected = sum(1 for trade in trades if shortfall(trade) >= 0)
    part = f"{grouped(100 * realised / expected, 1)} % of expected" if expected > 0 else ""
    return [
        Figure(f"Expected, {currency}", money(expected, currency, toned=True)),
        Figure(f"Realised, {currency}", money(realised, currency, toned=True), part),
        Figure(
            f"Median difference, {currency}",
            count(None) if isinstance(middle, Unsaid) else money(middle, currency, toned=True),
        ),
        Figure(f"As expected or better, {currency}", count(as_expected), f"of {len(trades):,} trades"),
    ]


def _worst(currency: str, trades: tuple[Trade, ...]) -> list[Table]:
    worst = sorted((t for t in trades if shortfall(t) < 0), key=lambda t: (shortfall(t), t.order.trade_id))[:_WORST]
    if not worst:
        return []
    decimals = places([trade.profit for trade in worst] + [trade.order.expected_profit for trade in worst])
    names = distinct([trade.order.trade_id for trade in worst])
    rows = []
    for trade in worst:
        parts = breakdown(trade)
        amounts = (trade.order.expected_profit, trade.profit, shortfall(trade), -parts.slippage, -parts.repairs)
        rows.append(
            (
                Value(time(trade.at)),
                names[trade.order.trade_id],
                Value(trade.order.pair),
                Value(f"{trade.order.buy_venue} > {trade.order.sell_venue}"),
                *(money(amount, decimals=decimals, toned=True) for amount in amounts),
                Value(trade.order.status or "", trade.order.code),
            )
        )
    columns = ("Settled (UTC)", "Trade", "Pair", "Buy > sell", "#Expected", "#Realised", "#Difference")
    caption = f"The {len(worst)} furthest below what was expected, in {currency}"
    return [Table(caption, (*columns, "#Slippage", "#Repairs", "Outcome"), tuple(rows))]


def _chart(currency: str, trades: tuple[Trade, ...]) -> Chart:
    points = [
        (
            float(t.order.expected_profit),
            float(t.profit),
            t.order.status if t.order.status in ("repaired", "exposed") else "filled",
        )
        for t in trades
    ]
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    low, high = min(0.0, *xs, *ys), max(*xs, *ys)
    binned = len(points) > _DOTS
    values = _binned(points, low, high) if binned else [{"x": x, "y": y, "kind": kind, "n": 1} for x, y, kind in points]
    number = chart.number_format([*xs, *ys])
    ends = {"x": max(low, min(0.0, *xs)), "to": max(xs)}
    kinds = {"domain": ["filled", "repaired", "exposed"], "range": [chart.BLUE, chart.RED, chart.INK]}
    legend = {"title": None, "orient": "top", "symbolOpacity": 1, "offset": 8}
    dots: chart.Spec = {
        "mark": {"type": "point", "filled": True, "opacity": 0.65, "size": 34},
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "axis": {"title": f"expected ({currency})", "format": number}},
            "y": {"field": "y", "type": "quantitative", "axis": {"title": f"realised ({currency})", "format": number}},
            "color": {"field": "kind", "type": "nominal", "scale": kinds, "legend": legend},
            "shape": {"field": "kind", "type": "nominal", "scale": _SHAPES, "legend": legend},
        },
    }
    if binned:
        size = {"type": "sqrt", "range": [10, 260]}
        dots["encoding"]["size"] = {"field": "n", "type": "quantitative", "scale": size, "legend": None}
    diagonal: chart.Spec = {
        "data": {"values": [{"x": ends["x"], "y": ends["x"]}, {"x": ends["to"], "y": ends["to"]}]},
        "mark": {"type": "line", "color": chart.MUTED, "strokeDash": [5, 4], "strokeWidth": 1.2},
        "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}},
    }
    spec: chart.Spec = {"data": {"values": values}, "layer": [diagonal, dots]}
    title = f"Expected against realised in {currency}; on the dashed line a trade earned what was expected"
    title += f" ({len(points):,} trades as areas by number)" if binned else ""
    text = f"{len(points):,} trades, {sum(y < x for x, y in zip(xs, ys, strict=True)):,} of them under the diagonal."
    return chart.draw(f"expected-{chart.slug(currency)}", spec, height=340, title=title, description=text)


_SHAPES = {"domain": ["filled", "repaired", "exposed"], "range": ["circle", "triangle-up", "square"]}


def _binned(points: list[tuple[float, float, str]], low: float, high: float) -> list[dict[str, object]]:
    step = (high - low) / _GRID or 1.0
    cells: dict[tuple[int, int, str], int] = {}
    for x, y, kind in points:
        cell = (round((x - low) / step), round((y - low) / step), kind)
        cells[cell] = cells.get(cell, 0) + 1
    return [{"x": low + i * step, "y": low + j * step, "kind": kind, "n": n} for (i, j, kind), n in cells.items()]
