"""Builds the JSON that Grafana reads from the YAML beside this file: `python -m dashboards.build [FOLDER]`.

The YAML is that of grafana-dashboard-builder, and so is the reading of it. Its command is not used: it wants Kerberos,
which talks to a Grafana, and it makes placeholders of braces, which are PromQL's here, so that an expression can be
carried from the YAML to Prometheus and back as it stands. Rows and spans become places on the grid, as Grafana does it.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import yaml
from grafana_dashboards.components.base import ComponentRegistry
from grafana_dashboards.components.dashboards import Dashboard
from grafana_dashboards.gdbyaml import GDBLoader

from dashboards import panels  # noqa: F401 - its classes are components from their definition on

Json = dict[str, Any]

HERE = Path(__file__).parent
BUILT = HERE / "built"
ALERTS = HERE / "alerts.yaml"
SCHEMA_VERSION = 39
"""Grafana 10 and later read it; older parts of it are migrated on reading."""
WIDTH = 24
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def dashboards() -> dict[str, Json]:
    """Name -> what Grafana reads."""
    registry = ComponentRegistry()
    for file in sorted(HERE.glob("*.yaml")):
        if file != ALERTS:
            with file.open() as text:
                for component in yaml.load(text, Loader=GDBLoader):  # noqa: S506 - our own files
                    registry.add(component)
    return {each.name: _dashboard(each.gen_json()) for each in registry[Dashboard]}


def build(folder: Path) -> list[Path]:
    """Writes one file a dashboard; those that no dashboard makes any more go."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in sorted(dashboards().items()):
        file = folder / f"{name}.json"
        file.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
        written.append(file)
    for file in set(folder.glob("*.json")) - set(written):
        file.unlink()
    return written


def _dashboard(old: Json) -> Json:
    return {
        "annotations": {"list": []},
        "editable": True,
        "graphTooltip": 1,  # one crosshair over all panels
        "id": None,
        "links": [_others()],
        "panels": list(_placed(old["rows"])),
        "refresh": old["refresh"],
        "schemaVersion": SCHEMA_VERSION,
        "tags": old["tags"],
        "templating": {"list": old["templating"]["list"]},
        "time": old["time"],
        "title": old["title"],
        "uid": old["uid"],
    }


def _others() -> Json:
    """From each dashboard to the others, with the time and the workers that are looked at."""
    return {
        "asDropdown": False,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "tags": ["crossbook"],
        "targetBlank": False,
        "title": "Crossbook",
        "tooltip": "",
        "type": "dashboards",
    }


def _placed(rows: list[Json]) -> Iterator[Json]:
    """Panels side by side until the row is full, rows below each other."""
    number = y = 0
    for row in rows:
        number += 1
        place = {"h": 1, "w": WIDTH, "x": 0, "y": y}
        yield {
            "collapsed": False,
            "gridPos": place,
            "id": number,
            "panels": [],
            "title": row["title"],
            "type": "row",
        }
        y, x, highest = y + 1, 0, 0
        for panel in row["panels"]:
            number += 1
            width, height = panel["gridPos"]["w"], panel["gridPos"]["h"]
            if x + width > WIDTH:
                y, x, highest = y + highest, 0, 0
            targets = [_target(target, ref) for target, ref in zip(panel["targets"], ascii_uppercase, strict=False)]
            yield {
                **panel,
                "datasource": SOURCE,
                "gridPos": {"h": height, "w": width, "x": x, "y": y},
                "id": number,
                "targets": targets,
            }
            x, highest = x + width, max(highest, height)
        y += highest


def _target(target: Json, ref: str) -> Json:
    instant = bool(target.get("instant"))
    return {
        "datasource": SOURCE,
        "editorMode": "code",
        "expr": " ".join(target["expr"].split()),
        "format": target.get("format", "time_series"),
        "instant": instant,
        "legendFormat": target["legendFormat"],
        "range": not instant,
        "refId": ref,
    }


if __name__ == "__main__":
    for path in build(Path(sys.argv[1]) if len(sys.argv) > 1 else BUILT):
        print(path)
