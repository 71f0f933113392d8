"""How far did it fall from its peak?"""

from decimal import Decimal

from app.domain.statistics import drawdowns, running
from reports import chart
from reports.number import duration, money, time
from reports.section import Chart, Figure, Section, Value
from reports.trade import Trade
from reports.view import LedgerView

TITLE = "How far did it fall from its peak?"


def drawdown(view: LedgerView) -> Section:
    """Distance of realised profit below its running peak, which starts at zero; one chart a currency that ever fell."""
    if not view.trades:
        return Section("drawdown", TITLE, "Drawdown", empty="No trade was settled, so there is no peak to fall from.")
    figures: list[Figure] = []
    charts: list[Chart] = []
    never: list[str] = []
    for currency, trades in view.by_currency.items():
        below = drawdowns(running([trade.profit for trade in trades]))
        deepest = min(below)
        if deepest == 0:
            never.append(currency)
            figures.append(Figure(f"Deepest, {currency}", Value("none"), "never under its peak"))
            continue
        bottom = trades[below.index(deepest)].at
        figures.append(Figure(f"Deepest, {currency}", money(deepest, currency, toned=True), f"at {time(bottom)}"))
        figures.append(Figure(f"Longest under the peak, {currency}", Value(duration(_longest(trades, below)))))
        if len(trades) > 1:
            charts.append(_chart(currency, trades, below))
    notes: tuple[str, ...] = (
        "Measured from the running peak of realised profit, not from the start; the first peak is zero.",
    )
    if never:
        notes += (f"In {' and '.join(never)} no trade took profit below an earlier peak, so no line is drawn.",)
    return Section("drawdown", TITLE, "Drawdown", figures=tuple(figures), charts=tuple(charts), notes=notes)


def _longest(trades: tuple[Trade, ...], below: list[Decimal]) -> int:
    """Longest stretch of event time under a peak, ns; one that has not ended runs to the last trade."""
    longest, since = 0, None
    for trade, depth in zip(trades, below, strict=True):
        if depth < 0 and since is None:
            since = trade.at
        if since is not None:
            longest = max(longest, trade.at - since)
        if depth == 0:
            since = None
    return longest


def _chart(currency: str, trades: tuple[Trade, ...], below: list[Decimal]) -> Chart:
    points = [(trade.at, float(depth)) for trade, depth in zip(trades, below, strict=True)]
    values = [{"t": chart.milliseconds(at), "v": depth} for at, depth in chart.thinned(points)]
    step = {"interpolate": "step-after", "color": chart.RED}
    axis = {"title": currency, "format": chart.number_format([depth for _, depth in points])}
    spec: chart.Spec = {
        "data": {"values": values},
        "encoding": {
            "x": chart.time_axis("t", trades[0].at, trades[-1].at),
            "y": {"field": "v", "type": "quantitative", "stack": None, "axis": {**axis, "tickCount": 4}},
        },
        "layer": [
            {"mark": {"type": "area", "opacity": 0.2, **step}},
            {"mark": {"type": "line", "strokeWidth": 1.2, **step}},
        ],
    }
    text = f"Drawdown over time; at its deepest {money(min(below), currency).text}."
    name = f"drawdown-{chart.slug(currency)}"
    return chart.draw(name, spec, height=160, title=f"Drawdown in {currency}", description=text)
