"""Where did the profit come from? By day, by venue, by pair."""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

from app.domain.money import ZERO, exact
from app.domain.statistics import total
from reports import chart
from reports.number import count, money, places, share
from reports.section import Chart, Section, Table, Value
from reports.trade import Trade
from reports.view import LedgerView, day_of

TITLE = "Where did the profit come from?"
_HALF = Decimal("0.5")
_DAYS_SHOWN = 400
Share = tuple[str, Trade, Decimal]
"""A group, a trade, and the part of it that counts there."""


def profit_by(view: LedgerView) -> Section:
    """A chart of days and a table each of days, venues and pairs, for every quote currency."""
    if not view.trades:
        return Section("profit-by", TITLE, "Profit by day, venue, pair", empty="No trade was settled.")
    charts: list[Chart] = []
    tables: list[Table] = []
    for currency, trades in view.by_currency.items():
        daily = view.daily_profit(currency)
        if len(daily) > 1:
            charts.append(_chart(currency, daily))
        tables += [
            _table(f"By venue, in {currency}", "Venue", _shares(trades, _venues), currency),
            _table(f"By pair, in {currency}", "Pair", _shares(trades, _pair), currency),
            _table(f"By day, in {currency}", "Day (UTC)", _shares(trades, _day), currency, by_name=True),
        ]
    notes: tuple[str, ...] = (
        "A trade's profit is halved between its two venues, so that venues sum to the total; fees and volume are those "
        "of the venue's own fills.",
    )
    days = len(view.days)
    if days == 1:
        notes += (f"All on one day ({view.days[0]}), so no chart of days is drawn.",)
    return Section(
        "profit-by", TITLE, "Profit by day, venue, pair", charts=tuple(charts), tables=tuple(tables), notes=notes
    )


def _venues(trade: Trade) -> Iterable[tuple[str, Decimal]]:
    return ((trade.order.buy_venue, _HALF), (trade.order.sell_venue, _HALF))


def _pair(trade: Trade) -> Iterable[tuple[str, Decimal]]:
    return ((trade.order.pair, Decimal(1)),)


def _day(trade: Trade) -> Iterable[tuple[str, Decimal]]:
    return ((day_of(trade.at).isoformat(), Decimal(1)),)


def _shares(trades: Iterable[Trade], split: Callable[[Trade], Iterable[tuple[str, Decimal]]]) -> list[Share]:
    return [(group, trade, part) for trade in trades for group, part in split(trade)]


def _table(caption: str, heading: str, shares: list[Share], currency: str, *, by_name: bool = False) -> Table:
    groups: dict[str, list[Share]] = {}
    for row in shares:
        groups.setdefault(row[0], []).append(row)
    with exact():
        profits = {name: sum((t.profit * part for _, t, part in group), ZERO) for name, group in groups.items()}
    names = sorted(groups) if by_name else sorted(groups, key=lambda name: (-profits[name], name))
    decimals, most = places(profits.values()), max((abs(profit) for profit in profits.values()), default=ZERO)
    sums = {n: _of_fills(group, n if heading == "Venue" else "", currency) for n, group in groups.items()}
    coarse, fine = (min(places(row[which] for row in sums.values()), decimals) for which in (0, 1))
    rows: list[tuple[Value, ...]] = []
    for name in names:
        profit, group = profits[name], groups[name]
        shown = money(profit, currency, decimals=decimals, toned=True)
        bar = float(profit / most) if most else None
        won = sum(trade.profit > 0 for _, trade, _ in group)
        rows.append(
            (
                Value(name),
                Value(shown.text, shown.exact, shown.tone, bar),
                count(len(group)),
                share(won, len(group)),
                money(sums[name][0], currency, decimals=coarse),
                money(sums[name][1], currency, decimals=fine),
            )
        )
    note = "" if len(rows) <= _DAYS_SHOWN else f"The last {_DAYS_SHOWN} of {len(rows):,} are shown."
    columns = (heading, "#Profit", "#Trades", "#Profitable", "#Volume", "#Fees")
    return Table(caption, columns, tuple(rows[-_DAYS_SHOWN:]), note)


def _of_fills(group: list[Share], venue: str, currency: str) -> tuple[Decimal, Decimal]:
    """(volume, fees) in quote currency, at `venue` alone where one is named."""
    fills = [fill for _, trade, _ in group for fill in trade.fills if venue in ("", fill.venue)]
    with exact():
        volume = sum((fill.price * fill.amount for fill in fills), ZERO)
    return volume, total([fill.fee for fill in fills if fill.fee_asset == currency])


def _chart(currency: str, daily: dict[date, Decimal]) -> Chart:
    values = [{"d": day.isoformat(), "v": float(profit), "gain": profit >= 0} for day, profit in daily.items()]
    axis = {"title": f"profit ({currency})", "format": chart.number_format([float(v) for v in daily.values()])}
    every = max(1, len(values) // 10)
    labelled = [row["d"] for row in values[::every]]
    x_axis = {"title": "day (UTC)", "values": labelled, "labelAngle": 0, "ticks": False, "domain": False}
    spec: chart.Spec = {
        "data": {"values": values},
        "encoding": {"x": {"field": "d", "type": "ordinal", "axis": x_axis, "scale": {"paddingInner": 0.35}}},
        "layer": [
            {
                "mark": {"type": "bar"},
                "encoding": {
                    "y": {"field": "v", "type": "quantitative", "axis": axis},
                    "color": {"condition": {"test": "datum.gain", "value": chart.BLUE}, "value": chart.RED},
                },
            },
            {"mark": {"type": "rule", "color": chart.MUTED}, "encoding": {"y": {"datum": 0}, "x": None}},
        ],
    }
    worst, best = min(daily.values()), max(daily.values())
    text = f"{len(daily)} days; the best {money(best, currency).text}, the worst {money(worst, currency).text}."
    name = f"profit-by-{chart.slug(currency)}"
    return chart.draw(name, spec, height=200, title=f"Profit by day in {currency}", description=text)
