"""Each alert is complete: words, labels, a runbook, a test in which it fires and one in which it does not."""

import re

import pytest

from cadence_exporter.settings.sections import LoopSettings
from tests.alerting.shipped import ALERTS, RULES, UNIT_TESTS, alerts, document, names, runbooks, seconds
from tests.docs.metrics_usage import exposed

SEVERITIES = {"critical", "warning", "info", "none"}
LAYERS = {"meta", "lan", "wan", "path", "dns", "api", "slo", "power", "report"}
DASHBOARDS = {"cadence-overview", "cadence-fleet", "cadence-slo", "cadence-debug", "cadence-kiosk"}
ANNOTATIONS = {"summary", "description", "action", "runbook_url", "dashboard_url"}
HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
ALWAYS = {"Watchdog"}
"""Fires always: there is no case in which it must not."""
EACH = pytest.mark.parametrize(
    "alert", alerts(), ids=lambda alert: f"{alert.name}-{alert.labels.get('long_window', '')}"
)
NAMES = pytest.mark.parametrize("name", names())


def cases():
    """(alert, whether it fires) of every case of every unit test."""
    for path in UNIT_TESTS:
        for story in document(path)["tests"]:
            for case in story.get("alert_rule_test", ()):
                yield case["alertname"], bool(case["exp_alerts"])
            for case in story.get("promql_expr_test", ()):
                named = re.search(r'alertname="(\w+)"', case["expr"])
                if named and 'alertstate="firing"' in case["expr"]:
                    yield named[1], bool(case["exp_samples"])


def queried(expr):
    return set(re.findall(r"\b(?<!:)(cadence_[a-z0-9_]+)\b(?!:)", re.sub(r'"[^"]*"', "", expr)))


@EACH
def test_an_alert_has_its_labels_and_all_its_words(alert):
    assert alert.labels["severity"] in SEVERITIES
    assert alert.labels["layer"] in LAYERS
    assert set(alert.annotations) == ANNOTATIONS
    assert all(text.strip() == text and text for text in alert.annotations.values())


@EACH
def test_a_summary_is_one_short_line_that_names_the_site(alert):
    summary = alert.annotations["summary"]
    assert "\n" not in summary
    assert len(re.sub(r"\{\{.*?\}\}", "123456789", summary)) <= 90
    assert "$labels.site" in summary or alert.name in ALWAYS


@EACH
def test_an_alert_leads_to_its_runbook_and_to_a_dashboard(alert):
    assert alert.annotations["runbook_url"] == f"docs/runbooks.md#{alert.name.lower()}"
    uid, _, query = alert.annotations["dashboard_url"].removeprefix("/d/").partition("?")
    assert uid in DASHBOARDS
    assert query == ("" if uid == "cadence-fleet" else "var-site={{ $labels.site | urlquery }}")


@EACH
def test_counts_are_compared_with_halves_because_increase_extrapolates(alert):
    whole = r"(increase\([^()]*\)\)*) > ([1-9]\d*)(?![.\d])"
    assert re.findall(whole, " ".join(alert.expr.split())) == []


def test_rules_ask_only_for_metrics_that_exist():
    rules = [*alerts_and_records()]
    asked = {name for expr in rules for name in queried(expr)}
    recorded = {rule["record"] for group in document(RULES)["groups"] for rule in group["rules"]}
    assert asked - set(exposed()) == set()
    sums = {name for expr in rules for name in re.findall(r"\binstance\w*:\w+:\w+", expr)}
    assert sums - recorded == set()


def alerts_and_records():
    for path in (ALERTS, RULES):
        yield from (rule["expr"] for group in document(path)["groups"] for rule in group["rules"])


@NAMES
def test_each_alert_is_seen_firing_and_seen_silent(name):
    seen = {fires for alert, fires in cases() if alert == name}
    assert True in seen
    assert False in seen or name in ALWAYS


def test_no_case_is_about_an_alert_that_does_not_exist():
    assert {alert for alert, _ in cases()} - set(names()) == set()


def test_runbooks_are_those_of_the_alerts_no_more_and_no_less():
    assert sorted(runbooks()) == names()


@NAMES
def test_a_runbook_has_four_headings_and_something_to_type(name):
    text = runbooks()[name]
    assert re.findall(r"^### (.+)$", text, flags=re.MULTILINE) == HEADINGS
    diagnosis = text.partition("### Diagnosis")[2].partition("### Mitigation")[0]
    assert "`" in diagnosis


@NAMES
def test_the_worst_case_of_a_runbook_is_a_sum_that_adds_up_and_knows_the_rule(name):
    found = re.search(r"^Worst case: (.+) = (\d+) s \((.+)\)\.$", runbooks()[name], flags=re.MULTILINE)
    assert found is not None
    terms = [term.rpartition(" ") for term in found[1].split(" + ")]
    assert sum(int(number) for *_, number in terms) == int(found[2])
    waits = {seconds(alert.for_) for alert in alerts() if alert.name == name}
    assert {int(number) for term, _, number in terms if term == "for"} <= waits
    assert "for" in {term for term, *_ in terms} or waits == {0}


@NAMES
def test_the_worst_case_names_the_longest_look_of_the_default_settings(name):
    loop = LoopSettings()
    for term, number in re.findall(r"\b(look|probe) (\d+)", runbooks()[name].partition("### Impact")[0]):
        longest = loop.interval * loop.slow_factor + loop.jitter
        assert int(number) == {"look": longest, "probe": loop.probe_timeout}[term]


def test_these_rules_bite():
    assert queried('sum(cadence_gone_total{a="cadence_not_a_metric"}) / instance:cadence_sli_error:ratio_rate5m') == {
        "cadence_gone_total"
    }
    assert ("CadenceWanDown", True) in list(cases())
    assert len(names()) == len(runbooks()) > 20
