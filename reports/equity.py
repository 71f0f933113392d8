"""How much was earned, and when? Realised profit over event time, a step at every settled trade."""

from decimal import Decimal

from app.domain.statistics import Unsaid, mean, running
from reports import chart
from reports.breakdown import open_inventory
from reports.number import count, money, share
from reports.section import Chart, Figure, Section
from reports.trade import Trade
from reports.view import LedgerView

TITLE = "How much was earned, and when?"


def equity(view: LedgerView) -> Section:
    """One line a quote currency; what is open or lies in inventory is not in it."""
    if not view.trades:
        return Section("equity", TITLE, "Equity", empty="No trade was settled, so nothing was earned or lost.")
    figures: list[Figure] = []
    charts: list[Chart] = []
    for currency, trades in view.by_currency.items():
        profits = [trade.profit for trade in trades]
        line = running(profits)
        figures += _figures(currency, profits, line[-1])
        if len(trades) > 1:
            charts.append(_chart(currency, trades, line))
    return Section(
        "equity",
        TITLE,
        "Equity",
        figures=tuple(figures),
        charts=tuple(charts),
        notes=("Realised profit in quote currency, after fees and repairs, in the order in which trades were settled.",)
        + (() if charts else ("One trade draws no line.",)),
        warnings=open_inventory(view),
    )


def _figures(currency: str, profits: list[Decimal], net: Decimal) -> list[Figure]:
    won = sum(profit > 0 for profit in profits)
    each = mean(profits)
    average = money(each, currency, toned=True) if not isinstance(each, Unsaid) else count(None)
    return [
        Figure(f"Realised profit, {currency}", money(net, currency, toned=True)),
        Figure(f"Trades in {currency}", count(len(profits))),
        Figure(f"Profitable, {currency}", share(won, len(profits)), f"{won:,} of {len(profits):,}"),
        Figure(f"Average trade, {currency}", average),
    ]


def _chart(currency: str, trades: tuple[Trade, ...], line: list[Decimal]) -> Chart:
    first, last = trades[0].at, trades[-1].at
    points = [(first, 0.0), *((trade.at, float(level)) for trade, level in zip(trades, line, strict=True))]
    values = [{"t": chart.milliseconds(at), "v": level} for at, level in chart.thinned(points)]
    step = {"interpolate": "step-after", "color": chart.BLUE}
    spec: chart.Spec = {
        "data": {"values": values},
        "encoding": {
            "x": chart.time_axis("t", first, last),
            "y": {
                "field": "v",
                "type": "quantitative",
                "stack": None,  # two trades at one time lie behind each other, not on top
                "axis": {
                    "title": f"realised profit ({currency})",
                    "format": chart.number_format([v for _, v in points]),
                },
            },
        },
        "layer": [
            {"mark": {"type": "area", "opacity": 0.12, **step}},
            {"mark": {"type": "line", "strokeWidth": 1.8, **step}},
        ],
    }
    name = f"equity-{chart.slug(currency)}"
    text = f"A step line from zero to {money(line[-1], currency).text} after {len(trades):,} trades."
    return chart.draw(name, spec, height=240, title=f"Equity in {currency}", description=text)
