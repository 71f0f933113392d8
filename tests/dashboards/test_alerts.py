"""Rules that Prometheus takes, that fire when they should, and that lead to what is to be done."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dashboards.servers import program

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "dashboards" / "alerts.yaml"
UNIT_TESTS = Path(__file__).parent / "alerts_test.yaml"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
]


def promtool(*arguments: str) -> str:
    """What it says; fails with that where it finds a fault."""
    command = [program("promtool", "prometheus"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a program of the machine
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_the_rules() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "rules", str(ALERTS))


def test_each_alert_fires_on_what_it_is_for_and_on_nothing_else() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(UNIT_TESTS))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_is_tried_names_its_value_and_leads_to_its_entry_in_the_runbook(rule: dict[str, Any]) -> None:
    name, said = rule["alert"], rule["annotations"]
    page, _, anchor = said["runbook_url"].partition("#")
    runbook = (ROOT / page).read_text().partition("\n## Runbook\n")[2]

    assert anchor in {heading.lower() for heading in re.findall(r"^### (\w+)$", runbook, re.MULTILINE)}
    assert anchor == name.lower()
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert "$value" in said["description"]
    assert said["summary"]
    assert name in UNIT_TESTS.read_text()


def test_the_runbook_has_no_entry_of_an_alert_that_is_no_more() -> None:
    runbook = (ROOT / "docs" / "operations.md").read_text().partition("\n## Runbook\n")[2]

    assert re.findall(r"^### (\w+)$", runbook, re.MULTILINE) == [rule["alert"] for rule in RULES]
