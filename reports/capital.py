"""How much money did it need? Peak capital, the return on it, and how far the inventories drifted apart."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.domain.money import ZERO, exact
from app.domain.statistics import Unsaid, annualised, sharpe, simple_return, total
from reports import chart
from reports.number import money, percent, ratio, time
from reports.section import Chart, Figure, Section
from reports.trade import Trade
from reports.view import LedgerView

TITLE = "How much money did it need?"


@dataclass(frozen=True, slots=True)
class Tied:
    """Capital in use after one fill, quote currency, >= 0."""

    at: int
    quote: Decimal
    """Spent at venues and not yet earned back there."""
    base: Decimal
    """Sold at venues and not yet bought back there, at the pair's latest fill price."""

    @property
    def all(self) -> Decimal:
        with exact():
            return self.quote + self.base


def capital(view: LedgerView) -> Section:
    """Peak capital is what would have had to lie at the venues for every trade, with no transfer between them."""
    if not view.trades:
        return Section("capital", TITLE, "Capital and return", empty="No trade was settled, so no money was needed.")
    figures: list[Figure] = []
    charts: list[Chart] = []
    for currency, trades in view.by_currency.items():
        line = tied(trades)
        peak = max(line, key=lambda point: point.all, default=Tied(trades[0].at, ZERO, ZERO))
        figures += _figures(view, currency, trades, peak)
        if len(line) > 2:
            charts.append(_chart(currency, line))
    notes = (
        "At each venue, quote currency spent on buys less what sells brought, where that is above zero; and base "
        "currency sold less bought, at the pair's latest fill price. Their greatest sum at one instant is the peak.",
        "Returns are simple, on the peak. A year has 365 days. Under 30 days nothing is annualised: too short.",
    )
    return Section("capital", TITLE, "Capital and return", tuple(figures), tuple(charts), notes=notes)


def tied(trades: Sequence[Trade]) -> list[Tied]:
    """Capital in use after every fill of trades of one quote currency, in event time; a trade's buys come first."""
    fills = [(fill.at, number, fill.side, fill) for number, trade in enumerate(trades) for fill in trade.fills]
    spent: dict[str, Decimal] = defaultdict(Decimal)
    sold: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    price: dict[str, Decimal] = {}
    short: dict[str, Decimal] = defaultdict(Decimal)
    quote, line = ZERO, []
    with exact():
        for at, _, side, fill in sorted(fills, key=lambda row: row[:3]):
            cash = fill.price * fill.amount * (1 if side == "buy" else -1)
            base, _, currency = fill.pair.partition("/")
            cash += fill.fee if fill.fee_asset == currency else ZERO
            moved = fill.amount * (-1 if side == "buy" else 1) + (fill.fee if fill.fee_asset == base else ZERO)
            quote -= max(spent[fill.venue], ZERO)
            spent[fill.venue] += cash
            quote += max(spent[fill.venue], ZERO)
            short[fill.pair] -= max(sold[fill.venue, fill.pair], ZERO)
            sold[fill.venue, fill.pair] += moved
            short[fill.pair] += max(sold[fill.venue, fill.pair], ZERO)
            price[fill.pair] = fill.price
            line.append(Tied(at, quote, sum((short[pair] * price[pair] for pair in price), ZERO)))
    return line


def _figures(view: LedgerView, currency: str, trades: tuple[Trade, ...], peak: Tied) -> list[Figure]:
    profit, days = total([trade.profit for trade in trades]), len(view.days)
    gained = simple_return(profit, peak.all)
    yearly = gained if isinstance(gained, Unsaid) else annualised(gained, days)
    daily = list(view.daily_profit(currency).values())
    steady = sharpe(daily)
    parts = f"{money(peak.quote).text} quote, {money(peak.base).text} base"
    sample = f"{days} day{'s' if days != 1 else ''} of data"
    return [
        Figure(f"Peak capital, {currency}", money(peak.all, currency), f"{parts}; {time(peak.at, seconds=False)}"),
        Figure(f"Return on it, {currency}", percent(gained), sample),
        Figure(f"A year, {currency}", percent(yearly), _why(yearly) or "365 days, not compounded"),
        Figure(f"Sharpe ratio, {currency}", ratio(steady), _why(steady) or "daily, times the root of 365"),
    ]


def _why(answer: Decimal | Unsaid) -> str:
    return answer.reason.removeprefix("too short: ") if isinstance(answer, Unsaid) else ""


def _chart(currency: str, line: list[Tied]) -> Chart:
    first, last = line[0].at, line[-1].at
    series = {
        "quote spent": [(p.at, float(p.quote)) for p in line],
        "with base sold": [(p.at, float(p.all)) for p in line],
    }
    values = [
        {"t": chart.milliseconds(at), "v": level, "k": kind}
        for kind, points in series.items()
        for at, level in chart.thinned(points)
    ]
    number = chart.number_format([level for points in series.values() for _, level in points])
    scale = {"domain": list(series), "range": [chart.SKY, chart.BLUE]}
    legend = {"title": None, "orient": "top-left", "offset": 4, "symbolType": "stroke", "symbolStrokeWidth": 3}
    spec: chart.Spec = {
        "data": {"values": values},
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 1.6},
        "encoding": {
            "x": chart.time_axis("t", first, last),
            "y": {"field": "v", "type": "quantitative", "axis": {"title": f"tied up ({currency})", "format": number}},
            "color": {"field": "k", "type": "nominal", "scale": scale, "legend": legend},
        },
    }
    text = f"Capital in use over time; at most {money(max(point.all for point in line), currency).text}."
    name = f"capital-{chart.slug(currency)}"
    return chart.draw(name, spec, height=210, title=f"Capital tied up in {currency}", description=text)
