"""Dashboards, rules, alerts and the code speak of the same metrics, in both directions."""

import re

import pytest

from cadence_exporter.record.metrics.families import all_metrics
from tests.docs.metrics_usage import UNUSED, exposed
from tests.tidy.tree import ROOT, text_of, tracked

PLACES = ("grafana/dashboards/*.json", "grafana/provisioning/*", "prometheus/*", "alerting/*")
NAME = re.compile(r"(?<![\w:])cadence_[a-z0-9_]+(?![\w:])")
"""Not the name of a recording rule (``instance:cadence_...:ratio``)."""


def unknown_names(text):
    return sorted(set(NAME.findall(text)) - set(exposed()) - {"cadence_exporter"})


@pytest.fixture(scope="module")
def asked():
    return {str(file.relative_to(ROOT)): text_of(file) or "" for file in tracked(*PLACES)}


def test_there_is_something_in_each_place(asked):
    assert {"grafana", "prometheus", "alerting"} <= {name.partition("/")[0] for name in asked}


def test_every_metric_that_is_asked_for_exists(asked):
    found = {name: unknown_names(text) for name, text in asked.items()}
    assert {name: unknown for name, unknown in found.items() if unknown} == {}


def test_every_metric_is_used_or_listed_with_a_reason(asked):
    names = exposed()
    used = {names[name].name for text in asked.values() for name in NAME.findall(text) if name in names}
    assert {metric.name for metric in all_metrics()} - used == set(UNUSED)
    assert all(UNUSED.values())


def test_these_rules_bite():
    assert unknown_names("sum(cadence_stat) / cadence_state + cadence_loop_duration_seconds") == [
        "cadence_loop_duration_seconds",
        "cadence_stat",
    ]
    assert unknown_names("rate(cadence_loop_duration_seconds_bucket[5m]) instance:cadence_no:x cadence_exporter") == []
