"""How long did an opportunity last? Its half-life, said no finer than the source can tell."""

from bisect import bisect_right

from app.domain.statistics import Unsaid
from app.domain.statistics import half_life as median
from reports import chart
from reports.number import SECOND_NS, count, duration
from reports.section import Chart, Figure, Section, Value
from reports.view import LedgerView

TITLE = "How long did an opportunity last?"
_STEPS = 400


def half_life(view: LedgerView) -> Section:
    """Median lifetime in event time. What was still open at the end is left out, and said so."""
    lived = lifetimes(view)
    unknown = len(view.opportunities) - len(lived)
    if not view.opportunities:
        return Section("half-life", TITLE, "Half-life", empty="No opportunity opened.")
    resolution = view.run.resolution_ns if view.run else None
    figures = (
        Figure("Half-life", shown(median(lived), resolution), "half of them were gone by then"),
        Figure("Closed", count(len(lived))),
        Figure("Still open at the end", count(unknown), "opened, but left out of the half-life" if unknown else ""),
        Figure("Resolution", Value(duration(resolution) if resolution else "N/A"), "typical distance of two instants"),
    )
    notes = [_about(resolution)]
    if unknown:
        noun = "opportunity was" if unknown == 1 else "opportunities were"
        notes.append(f"{unknown:,} {noun} still open, or not heard of again, when the data ended: no lifetime.")
    charts = (_chart(lived),) if len(set(lived)) > 1 else ()
    if lived and not charts:
        notes.append(f"All lasted the same, {duration(lived[0])}: no curve is drawn.")
    return Section("half-life", TITLE, "Half-life", figures, charts, notes=tuple(notes))


def lifetimes(view: LedgerView) -> list[int]:
    """Event time from opening to closing, ns, of opportunities that are known to have closed."""
    return [row.closed_at - row.opened_at for row in view.opportunities if row.closed_at is not None and row.ended]


def shown(lifetime: int | Unsaid, resolution: int | None) -> Value:
    """`under 1 s` where the source could not tell; `N/A` where none closed."""
    if isinstance(lifetime, Unsaid):
        return count(None)
    if resolution is not None and lifetime < resolution:
        return Value(f"under {duration(resolution)}", f"{lifetime:,} ns, finer than the source can tell")
    return Value(duration(lifetime), f"{lifetime:,} ns")


def _about(resolution: int | None) -> str:
    if resolution is None:
        return "How fine the source is was not recorded, so a short lifetime may be a property of the source."
    step = duration(resolution)
    return f"The source has an instant about every {step}: a lifetime is known to ± {step}, and none under it."


def _chart(lived: list[int]) -> Chart:
    ordered = sorted(lived)
    longest = ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)] or ordered[-1]
    moments = sorted({0, *(ordered if len(ordered) <= _STEPS else (longest * i // _STEPS for i in range(_STEPS + 1)))})
    values = [
        {"t": moment / SECOND_NS, "open": 1 - bisect_right(ordered, moment) / len(ordered)}
        for moment in moments
        if moment <= longest
    ]
    domain = {"domain": [0, longest / SECOND_NS]}
    x = {"field": "t", "type": "quantitative", "axis": {"title": "seconds since it opened"}, "scale": domain}
    y_axis = {"title": "still open", "format": "%", "tickCount": 5, "values": [0, 0.25, 0.5, 0.75, 1]}
    y = {"field": "open", "type": "quantitative", "scale": {"domain": [0, 1]}, "axis": y_axis}
    half = median(lived)
    spec: chart.Spec = {
        "layer": [
            {
                "data": {"values": values},
                "mark": {"type": "line", "interpolate": "step-after", "color": chart.BLUE, "strokeWidth": 1.8},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": [{"half": 0.5}]},
                "mark": {"type": "rule", "color": chart.RED, "strokeDash": [4, 3]},
                "encoding": {"y": {"field": "half", "type": "quantitative"}},
            },
        ],
    }
    text = f"Survival curve of {len(lived):,} opportunities; half are gone after "
    text += "N/A." if isinstance(half, Unsaid) else f"{duration(half)}."
    title = "Share of opportunities still open; the slowest hundredth is cut off, the dashed line is one half"
    return chart.draw("half-life", spec, height=200, title=title, description=text)
