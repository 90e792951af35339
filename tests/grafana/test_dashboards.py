import json

import pytest

from cadence_exporter.record.metrics.families import all_metrics
from grafana.src.catalogue import rendered
from tests.grafana.expressions import MAY_BE_EMPTY, Range, expressions, panels
from tests.grafana.names import ROOT
from tests.grafana.rules import RULES
from tests.grafana.selectors import parsed, selectors

FILES = sorted((ROOT / "grafana/dashboards").glob("*.json"))
DASHBOARDS = {file.stem: json.loads(file.read_text()) for file in FILES}

UNUSED: dict[str, str] = {}
"""Metrics that no page shows, each with the reason."""


def test_every_page_is_there():
    assert set(DASHBOARDS) == {f"cadence-{name}" for name in ("overview", "fleet", "slo", "debug", "kiosk")}


def test_the_files_are_as_the_code_makes_them():
    assert {file.name: file.read_text() for file in FILES} == rendered(), "run: make dashboards"


def test_a_file_is_called_after_its_page():
    assert {name: page["uid"] for name, page in DASHBOARDS.items()} == {name: name for name in DASHBOARDS}
    assert len({page["title"] for page in DASHBOARDS.values()}) == len(DASHBOARDS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_page_keeps_the_rule(name, rule):
    assert list(rule(DASHBOARDS[name])) == []


def test_the_first_row_of_the_overview_answers_in_words():
    first = [panel for panel in DASHBOARDS["cadence-overview"]["panels"] if panel["gridPos"]["y"] == 0]
    assert [panel["title"] for panel in first] == ["What is wrong", "Connection", "For", "DNS"]
    assert all(panel["type"] == "stat" for panel in first)


def test_every_metric_is_shown_or_listed_as_unused():
    asked = [each.raw for page in DASHBOARDS.values() for each in expressions(page, Range(0, 3600))]
    read = {selector.name for expr in asked for selector in selectors(parsed(expr))}
    shown = {
        metric.name for metric in all_metrics() if read & {metric.name, metric.name + "_bucket", metric.name + "_sum"}
    }
    assert {metric.name for metric in all_metrics()} - shown == set(UNUSED)


def test_only_the_error_budget_over_time_needs_the_recording_rules():
    places = {
        panel["title"]
        for page in DASHBOARDS.values()
        for panel in panels(page)
        for target in panel.get("targets", [])
        if any(":" in selector.name for selector in selectors(parsed(target["expr"])))
    }
    assert places == {"Error budget left, rolling 30 days", "Burn rate"}


def test_every_reason_for_an_empty_answer_names_a_place():
    titles = {panel["title"] for page in DASHBOARDS.values() for panel in panels(page)}
    marks = {each["name"] for page in DASHBOARDS.values() for each in page["annotations"]["list"]}
    assert set(MAY_BE_EMPTY) <= titles | marks
