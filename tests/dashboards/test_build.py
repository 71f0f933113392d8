"""The JSON that lies there is what the YAML says, and every panel can be read by somebody who has not written it."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("grafana_dashboards", reason="the builder is not here: make dashboards")

from dashboards.build import ALERTS, BUILT, HERE, build, dashboards

Json = dict[str, Any]

NAMES = sorted(file.stem for file in HERE.glob("*.yaml") if file != ALERTS and file.stem != "variables")


def panels(dashboard: Json) -> list[Json]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def committed(name: str) -> Json:
    found: Json = json.loads((BUILT / f"{name}.json").read_text())
    return found


def test_what_is_built_is_what_lies_there(tmp_path: Path) -> None:
    built = {file.name: file.read_text() for file in build(tmp_path)}

    assert built == {file.name: file.read_text() for file in BUILT.iterdir()}, "run `make dashboards`"
    assert sorted(built) == [f"{name}.json" for name in NAMES]


def test_a_dashboard_that_is_no_more_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "former.json").write_text("{}")

    build(tmp_path)

    assert not (tmp_path / "former.json").exists()


def test_a_dashboard_is_a_file_under_its_own_name() -> None:
    assert sorted(dashboards()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_says_what_it_shows_in_which_unit_of_which_source_and_when_nothing_is_known(name: str) -> None:
    for panel in panels(committed(name)):
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["title"]
        assert defaults["unit"]
        assert defaults["noValue"] == "N/A"
        assert panel["targets"]
        for target in panel["targets"]:
            assert target["legendFormat"]
            assert target["datasource"]["uid"] == "${datasource}"
            assert 'job=~"$job"' in target["expr"]


@pytest.mark.parametrize("name", NAMES)
def test_a_title_is_a_question_or_a_noun_and_stands_once(name: str) -> None:
    titles = [panel["title"] for panel in panels(committed(name))]

    assert len(titles) == len(set(titles))
    questions = ("How", "What", "Which", "Why", "Is ", "Can", "Do ", "Are", "Where", "Between")
    wrong = [title for title in titles if title.startswith(questions) and not title.endswith("?")]
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_no_panel_lies_on_another_and_none_beside_the_page(name: str) -> None:
    places = [panel["gridPos"] for panel in committed(name)["panels"]]
    numbers = [panel["id"] for panel in committed(name)["panels"]]

    assert len(numbers) == len(set(numbers))
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_a_field_that_no_panel_knows_is_refused() -> None:
    from grafana_dashboards.components.base import ComponentRegistry

    target = {"prometheus-target": {"expr": "up", "legendFormat": "up"}}
    slip = {"title": "Workers", "unit": "short", "treshold": {"red": 1}, "targets": [target]}
    panel = ComponentRegistry().create_component("number", {"number": slip})

    with pytest.raises(ValueError, match="treshold"):
        panel.gen_json()
