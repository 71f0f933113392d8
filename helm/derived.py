"""`make chart`: what of the chart follows from elsewhere. A test compares, and says to run it.

The schema of the values under `settings` is made from app/settings.py, so that a misspelt or impossible setting is
refused by Helm with its path. Alert rules and dashboards are copied from dashboards/.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from app.settings import Settings

CHART = Path(__file__).parent
SCHEMA = CHART / "values.schema.json"
ALERTS = "alerts.yaml"

FROM_OTHER_VALUES = {
    "broker",
    "broker_ca_file",
    "broker_sasl_mechanism",
    "broker_security_protocol",
    "broker_username",
    "decide_source",
    "metrics_port",
    "routing",
    "stages",
    "venues",
}
NOT_A_PODS = {  # the chart sees to it, or it is for a machine with people at it
    "helm",
    "home",
    "kubectl",
    "metrics_host",
    "parent",
    "report_at",
    "reports",
    "runs_kept",
    "web_port",
}


def settings() -> dict[str, Any]:
    """JSON schema of the values under `settings`."""
    made = Settings.model_json_schema(ref_template="{model}")
    found = {
        name: _plain(name, schema)
        for name, schema in sorted(made["properties"].items())
        if name not in FROM_OTHER_VALUES | NOT_A_PODS and not schema.get("writeOnly")  # a secret comes by reference
    }
    return {
        "description": "Settings of app/settings.py by their own names; none is secret. Made by `make chart`.",
        "type": "object",
        "additionalProperties": False,
        "required": ["namespace", "partitions", "replication"],
        "properties": found,
    }


def _plain(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """One setting: no titles, and every one described."""
    found = {key: value for key, value in schema.items() if key != "title"}
    if "default" in found and not isinstance(found["default"], str | int | float | bool | list):
        del found["default"]
    found.setdefault("description", f"Setting {name}; see `crossbook config show`.")
    return dict(sorted(found.items(), key=lambda pair: (pair[0] != "description", pair[0])))


def schema() -> str:
    """The whole schema as it should be: what stands there, with `settings` made anew."""
    found = json.loads(SCHEMA.read_text())
    found["properties"]["settings"] = settings()
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def copies() -> dict[Path, Path]:
    """Copy in the chart -> its source. Helm packs no file that lies outside the chart."""
    dashboards = CHART.parent / "dashboards"
    sources = {CHART / "files" / "alerts" / ALERTS: dashboards / ALERTS} if (dashboards / ALERTS).is_file() else {}
    return sources | {
        CHART / "files" / "dashboards" / file.name: file for file in sorted(dashboards.glob("built/*.json"))
    }


def main() -> None:
    SCHEMA.write_text(schema())
    for kind in ("alerts", "dashboards"):
        shutil.rmtree(CHART / "files" / kind, ignore_errors=True)
    for copy, source in copies().items():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)


if __name__ == "__main__":
    main()
