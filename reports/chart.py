"""One look for every chart: Vega-Lite in, static SVG out, with no script and no network.

Colours are Okabe and Ito's, told apart by the colour-blind; gains and losses also differ by sign or place. Floats are
for pixels only: every number beside a chart is the Decimal.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Any

import vl_convert

from reports.number import SECOND_NS, time
from reports.section import Chart

Spec = dict[str, Any]

BLUE, RED, GREEN, ORANGE, PURPLE, SKY = "#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7", "#56b4e9"
INK, MUTED, FAINT = "#1f2933", "#52606d", "#e4e7eb"
WIDTH = 864
"""Pixels at 960 px of page."""

_FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"
_CONFIG: Spec = {
    "aria": False,
    "background": None,
    "font": _FONT,
    # text is measured in the narrowest of these fonts; where only a wider one is installed, labels need the room
    "padding": {"left": 18, "right": 22, "top": 4, "bottom": 4},
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "labelPadding": 6,
        "gridColor": FAINT,
        "domain": False,
        "ticks": False,
    },
    "axisX": {"grid": False, "domain": True, "domainColor": "#9aa5b1", "ticks": True, "tickColor": "#9aa5b1"},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelColor": MUTED},
    "text": {"fontSize": 12, "color": INK},
}
_POINTS = 600
"""Buckets of a thinned line: more would fall on the same pixel."""


def draw(name: str, spec: Spec, *, height: int, title: str, description: str, width: int = WIDTH) -> Chart:
    """A single or layered view as SVG that may stand in one page with others.

    `name` is unique in the page and begins every id in the drawing; `title` and `description` are its text for those
    who do not see it, and `title` its caption too.
    """
    whole = {"width": width, "height": height, "autosize": {"type": "fit", "contains": "padding"}, "config": _CONFIG}
    svg = vl_convert.vegalite_to_svg({**whole, **spec}, allowed_base_urls=[])
    return Chart(_embedded(svg, name, title, description), title)


def _embedded(svg: str, name: str, title: str, description: str) -> str:
    opening, _, drawing = svg.partition(">")
    drawing = re.sub(r' class="[^"]*"| pointer-events="none"', "", drawing)
    for index, identity in enumerate(dict.fromkeys(re.findall(r'\bid="([^"]+)"', drawing))):
        own = f"{name}-{index}"
        drawing = drawing.replace(f'id="{identity}"', f'id="{own}"')
        drawing = drawing.replace(f"url(#{identity})", f"url(#{own})").replace(f'href="#{identity}"', f'href="#{own}"')
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', opening)
    width, height = box.groups() if box else (str(WIDTH), "200")
    return (
        f'<svg role="img" aria-labelledby="{name}-title {name}-desc" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>{drawing}'
    )


def slug(text: str) -> str:
    """`text` as part of an id."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def milliseconds(ns: int) -> float:
    """As Vega's time scale wants it."""
    return ns / 1_000_000


def time_axis(field: str, first: int, last: int) -> Spec:
    """Event time in UTC between two instants, ns: labelled as finely as the span asks for."""
    span, day = last - first, 86_400 * SECOND_NS
    axis: Spec = {"title": "event time (UTC)", "labelOverlap": True, "tickCount": 8}
    if span < 1.5 * day:
        axis["format"] = "%H:%M:%S" if span < 600 * SECOND_NS else "%H:%M"
        axis["title"] = f"event time (UTC), {time(first)[:10]}"
    elif span < 4 * day:
        axis["format"] = "%d %b %H:%M"
    else:
        axis |= {"format": "%d %b", "tickCount": {"interval": "day", "step": max(1, round(span / day / 10))}}
    domain = [milliseconds(first), milliseconds(last if last > first else first + SECOND_NS)]
    return {"field": field, "type": "temporal", "scale": {"type": "utc", "domain": domain}, "axis": axis}


def number_format(numbers: Sequence[float]) -> str:
    """A d3 format that tells the ticks of such an axis apart: `12,000`, `1.5M`, `0.0004`."""
    largest = max((abs(number) for number in numbers), default=0.0)
    if largest >= 1_000_000:
        return ".3~s"
    if largest >= 10 or largest == 0:
        return ",.2~f"
    return f",.{min(2 - Decimal(repr(largest)).adjusted(), 14)}~f"


def thinned(points: Sequence[tuple[int, float]], buckets: int = _POINTS) -> list[tuple[int, float]]:
    """(time, level) with at most four points a bucket of time: first, lowest, highest, last. Nothing that a pixel
    could show is lost."""
    if len(points) <= 4 * buckets:
        return list(points)
    first, width = points[0][0], max((points[-1][0] - points[0][0]) // buckets, 1)
    groups: dict[int, list[tuple[int, float]]] = {}
    for point in points:
        groups.setdefault((point[0] - first) // width, []).append(point)
    kept: list[tuple[int, float]] = []
    for group in groups.values():
        chosen = {group.index(min(group, key=_level)), group.index(max(group, key=_level)), 0, len(group) - 1}
        kept += [group[index] for index in sorted(chosen)]
    return kept


def _level(point: tuple[int, float]) -> float:
    return point[1]
