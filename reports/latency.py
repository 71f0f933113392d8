"""How fast was it? From the tick to the order, and from one leg to the other, by this machine's clock."""

from collections import Counter
from math import floor, log10

from app.domain.statistics import Unsaid, percentile
from reports import chart
from reports.number import count, duration
from reports.section import Chart, Figure, Section, Table, Value
from reports.view import LedgerView

TITLE = "How fast was it?"
_CUTS = {0.5: "p50", 0.9: "p90", 0.99: "p99"}
_BINS_A_DECADE = 8


def latency(view: LedgerView) -> Section:
    """Percentiles and a histogram of each latency; N/A where nothing was measured."""
    kinds = measured(view)
    if not any(kinds.values()):
        return Section("latency", TITLE, "Latencies", empty="N/A: no order carries wall-clock times.")
    p50, p99 = (percentile(kinds["Tick to order"], share) for share in (0.5, 0.99))
    figures = (Figure("Tick to order, p50", _shown(p50)), Figure("Tick to order, p99", _shown(p99)))
    charts = tuple(_chart(label, sample) for label, sample in kinds.items() if len(sample) > 1)
    rows = tuple(
        (Value(label), count(len(sample)), *(_shown(percentile(sample, share)) for share in (*_CUTS, 1)))
        for label, sample in kinds.items()
    )
    columns = ("From, to", "#Samples", *(f"#{name}" for name in _CUTS.values()), "#Largest")
    notes = (
        "Tick to order: market data written to decision made. Leg to leg: between the sending of the two legs. Wall "
        "clock of this run; in a replay it says how fast the program is, not how the profit came about.",
    )
    return Section("latency", TITLE, "Latencies", figures, charts, (Table("Percentiles", columns, rows),), notes=notes)


def measured(view: LedgerView) -> dict[str, list[int]]:
    """Latencies in ns by name. A clock that went backwards between two readings measured nothing."""
    ticks = [
        order.wall_decided - order.wall_tick
        for order in view.orders
        if order.wall_tick and order.wall_decided and order.wall_decided >= order.wall_tick
    ]
    gaps = [order.wall_legs_gap for order in view.orders if order.wall_legs_gap is not None]
    return {"Tick to order": ticks, "Leg to leg": gaps}


def _shown(latency_ns: int | Unsaid) -> Value:
    if isinstance(latency_ns, Unsaid):
        return count(None)
    return Value(duration(latency_ns), f"{latency_ns:,} ns")


def _chart(label: str, sample: list[int]) -> Chart:
    bins = Counter(floor(log10(max(ns, 1)) * _BINS_A_DECADE) for ns in sample)
    edges = [(10 ** (i / _BINS_A_DECADE) / 1e6, 10 ** ((i + 1) / _BINS_A_DECADE) / 1e6, n) for i, n in bins.items()]
    values = [{"from": low, "to": high, "n": number} for low, high, number in edges]
    first, last = min(low for low, _, _ in edges), max(high for _, high, _ in edges)
    domain = [10 ** floor(log10(first)), 10 ** -floor(-log10(last))]
    ticks = [10**power for power in range(floor(log10(first)), -floor(-log10(last)) + 1)]
    scale = {"type": "log", "domain": domain, "nice": False}
    axis = {"title": "milliseconds (logarithmic)", "values": ticks, "format": "~r", "grid": False}
    marks = []
    for share, name in _CUTS.items():
        cut = percentile(sample, share)
        if not isinstance(cut, Unsaid):
            marks.append({"at": max(cut, 1) / 1e6, "t": f"{name} {duration(cut)}"})
    x = {"field": "from", "type": "quantitative", "scale": scale, "axis": axis}
    top = max(bins.values())
    spec: chart.Spec = {
        "layer": [
            {
                "data": {"values": values},
                "mark": {"type": "bar", "color": chart.SKY, "binSpacing": 1},
                "encoding": {
                    "x": x,
                    "x2": {"field": "to"},
                    "y2": {"datum": 0},
                    "y": {
                        "field": "n",
                        "type": "quantitative",
                        "axis": {"title": "orders", "tickMinStep": 1, "tickCount": 4},
                        "scale": {"domain": [0, top * 1.45]},
                    },
                },
            },
            {
                "data": {"values": marks},
                "mark": {"type": "rule", "color": chart.INK, "strokeDash": [4, 3]},
                "encoding": {"x": {**x, "field": "at"}},
            },
            *(
                {
                    "data": {"values": [mark]},
                    "mark": {"type": "text", "align": "left", "dx": 5, "y": 8 + 16 * row, **halo},
                    "encoding": {"x": {**x, "field": "at"}, "text": {"field": "t"}},
                }
                for row, mark in enumerate(marks)
                for halo in ({"stroke": "#ffffff", "strokeWidth": 5}, {})
            ),
        ],
    }
    text = f"Histogram of {len(sample):,} orders; " + ", ".join(str(mark["t"]) for mark in marks) + "."
    return chart.draw(f"latency-{chart.slug(label)}", spec, height=190, title=label, description=text)
