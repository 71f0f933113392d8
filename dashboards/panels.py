"""Panels of today's Grafana as components of grafana-dashboard-builder.

Its own draw what Grafana 4 drew (`graph`, `singlestat`), which Grafana 12 has taken out. It is extended by subclassing:
`TimeSeries` is a `time-series` in the YAML. Every panel says N/A where nothing is known, and refuses a field that it
does not know, so that a slip of the pen is not a panel without thresholds.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from grafana_dashboards.components.panels import PanelsItemBase
from grafana_dashboards.components.targets import Targets

Json = dict[str, Any]

FIELDS = frozenset(
    ("title", "description", "span", "height", "unit", "decimals", "min", "max", "thresholds", "words", "targets")
)


class Panel(PanelsItemBase):  # type: ignore[misc] # the library has no types
    """What all panels share. `span` counts in twelfths of the width, `height` in rows of Grafana's grid."""

    kind: ClassVar[str] = ""
    """Grafana's name for it."""
    height: ClassVar[int] = 8
    color: ClassVar[str] = "palette-classic"
    own: ClassVar[frozenset[str]] = frozenset()
    """Fields beyond FIELDS."""

    def gen_json_from_data(self, data: Json, context: object) -> Json:
        unknown = data.keys() - FIELDS - self.own
        if unknown or not data.get("title") or not data.get("unit") or not data.get("targets"):
            raise ValueError(
                f"{self.kind} {data.get('title')!r}: a panel has a title, a unit and targets, and may have "
                f"{', '.join(sorted(FIELDS | self.own))}; not {', '.join(sorted(unknown)) or 'less than that'}"
            )
        return {
            "type": self.kind,
            "title": data["title"],
            "description": data.get("description", ""),
            "fieldConfig": {"defaults": self._defaults(data), "overrides": []},
            "gridPos": {"w": 2 * data.get("span", 6), "h": data.get("height", self.height)},
            "options": self._options(data),
            "targets": self.registry.create_component(Targets, data).gen_json(),
        }

    def _defaults(self, data: Json) -> Json:
        found: Json = {
            "color": {"mode": self.color},
            "custom": self._custom(data),
            "mappings": _mappings(data.get("words", {})),
            "noValue": "N/A",
            "thresholds": {"mode": "absolute", "steps": _steps(data.get("thresholds", {}))},
            "unit": data["unit"],
        }
        return found | {name: data[name] for name in ("decimals", "min", "max") if name in data}

    def _custom(self, data: Json) -> Json:
        return {}

    def _options(self, data: Json) -> Json:
        raise NotImplementedError


class TimeSeries(Panel):
    kind = "timeseries"
    own = frozenset(("stacked", "logarithmic"))

    def _custom(self, data: Json) -> Json:
        return {
            "drawStyle": "line",
            "fillOpacity": 30 if data.get("stacked") else 8,
            "lineWidth": 1,
            "scaleDistribution": {"type": "log", "log": 10} if data.get("logarithmic") else {"type": "linear"},
            "showPoints": "never",
            "spanNulls": False,  # a gap is a gap: what is not known is not drawn
            "stacking": {"group": "A", "mode": "normal" if data.get("stacked") else "none"},
            "thresholdsStyle": {"mode": "line" if data.get("thresholds") else "off"},
        }

    def _options(self, data: Json) -> Json:
        return {
            "legend": {
                "calcs": ["lastNotNull", "max"],
                "displayMode": "table",
                "placement": "bottom",
                "showLegend": True,
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        }


class Number(Panel):
    """One number, or a few, large."""

    kind = "stat"
    height = 4
    color = "thresholds"

    def _options(self, data: Json) -> Json:
        return {
            "colorMode": "value",
            "graphMode": "none" if data.get("words") else "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "percentChangeColorMode": "standard",
            "reduceOptions": _LAST,
            "showPercentChange": False,
            "textMode": "auto",
            "wideLayout": True,
        }


class Bars(Panel):
    """A bar a series: which is the longest? Or, with `format: heatmap`, how something is distributed."""

    kind = "bargauge"
    color = "thresholds"

    def _options(self, data: Json) -> Json:
        return {
            "displayMode": "gradient",
            "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
            "maxVizHeight": 300,
            "minVizHeight": 12,
            "minVizWidth": 8,
            "namePlacement": "auto",
            "orientation": "horizontal",
            "reduceOptions": _LAST,
            "showUnfilled": True,
            "sizing": "auto",
            "valueMode": "color",
        }


class Words(Panel):
    """Which word holds, and since when? `words` says which number is which, and its colour."""

    kind = "state-timeline"
    color = "thresholds"

    def _custom(self, data: Json) -> Json:
        return {"fillOpacity": 70, "lineWidth": 0}

    def _options(self, data: Json) -> Json:
        return {
            "alignValue": "left",
            "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
            "mergeValues": True,
            "rowHeight": 0.9,
            "showValue": "auto",
            "tooltip": {"mode": "single", "sort": "none"},
        }


class Heatmap(Panel):
    """How is it distributed, and how does that change? For `_bucket` series with `format: heatmap`."""

    kind = "heatmap"

    def _custom(self, data: Json) -> Json:
        return {"scaleDistribution": {"type": "linear"}}

    def _options(self, data: Json) -> Json:
        return {
            "calculate": False,
            "cellGap": 1,
            "color": {
                "exponent": 0.5,
                "fill": "dark-orange",
                "mode": "scheme",
                "reverse": False,
                "scale": "exponential",
                "scheme": "Oranges",
                "steps": 64,
            },
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "showValue": "never",
            "tooltip": {"mode": "single", "yHistogram": True},
            "yAxis": {"axisPlacement": "left", "unit": data["unit"]},
        }


_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def _steps(thresholds: Mapping[str, float]) -> list[Json]:
    """Colour -> from which value on; what is below the lowest is green, unless `base` says another colour."""
    base = thresholds.get("base", "green")
    return [
        {"color": base, "value": None},
        *({"color": color, "value": value} for color, value in thresholds.items() if color != "base"),
    ]


def _mappings(words: Mapping[int, str]) -> list[Json]:
    """Number -> `word colour`."""
    if not words:
        return []
    said = {str(number): text.rpartition(" ") for number, text in words.items()}
    options = {
        number: {"color": color, "index": index, "text": word}
        for index, (number, (word, _, color)) in enumerate(said.items())
    }
    return [{"options": options, "type": "value"}]
