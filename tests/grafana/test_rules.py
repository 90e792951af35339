"""Each rule is shown to bite: one planted fault each, in a page that is without faults."""

import copy
import json

import pytest

from tests.grafana import rules
from tests.grafana.expressions import panels
from tests.grafana.names import ROOT

GOOD = json.loads((ROOT / "grafana/dashboards/cadence-overview.json").read_text())


def variable(page, name):
    return next(each for each in page["templating"]["list"] if each["name"] == name)


def titled(page, title):
    return next(each for each in panels(page) if each["title"] == title)


def asked(page, title):
    return titled(page, title)["targets"][0]


def asks(expr, title="Downtime"):
    def plant(page):
        asked(page, title)["expr"] = expr

    return plant


def change(find, **values):
    def plant(page):
        find(page).update(values)

    return plant


def without(find, key):
    def plant(page):
        del find(page)[key]

    return plant


HOMES = 'job=~"$job",site=~"$site",instance=~"$instance"'
OF_DOWNTIME = "cadence_state_seconds_total"

FAULTS = (
    (rules.has_a_choice_of_data_source, change(lambda page: variable(page, "datasource"), label="DS")),
    (rules.has_choices_of_homes, change(lambda page: variable(page, "job"), multi=False)),
    (rules.has_choices_of_homes, change(lambda page: variable(page, "job"), allValue=".+")),
    (rules.has_choices_of_homes, change(lambda page: variable(page, "site"), allValue=".+")),
    (rules.has_choices_of_homes, change(lambda page: variable(page, "instance"), name="instances")),
    (
        rules.choices_ask_for_what_is_there,
        change(
            lambda page: variable(page, "site"), query={"query": "label_values(cadence_stat, site)", "refId": "site"}
        ),
    ),
    (rules.choices_ask_for_what_is_there, change(lambda page: variable(page, "site"), definition="something else")),
    (rules.choices_follow_the_time_range, change(lambda page: variable(page, "job"), refresh=1)),
    (
        rules.asks_the_chosen_data_source,
        change(lambda page: titled(page, "DNS"), datasource={"type": "prometheus", "uid": "cadence-prometheus"}),
    ),
    (
        rules.asks_the_chosen_data_source,
        change(lambda page: page["annotations"]["list"][0], datasource={"type": "prometheus", "uid": "x"}),
    ),
    (rules.says_what_it_shows, change(lambda page: titled(page, "Connection over time"), description="History")),
    (rules.says_what_it_shows, change(lambda page: titled(page, "Connection over time"), title=" ")),
    (rules.has_a_known_unit, change(lambda page: titled(page, "Downtime")["fieldConfig"]["defaults"], unit="secs")),
    (rules.has_a_known_unit, without(lambda page: titled(page, "Downtime")["fieldConfig"]["defaults"], "unit")),
    (rules.asks_something, change(lambda page: titled(page, "Downtime"), targets=[])),
    (rules.is_promql, asks(f"sum(increase({OF_DOWNTIME}{{{HOMES}}}[1h])")),
    (rules.rates_fit_the_scrapes, asks(f"sum by (site) (rate({OF_DOWNTIME}{{{HOMES}}}[5m]))")),
    (rules.rates_fit_the_scrapes, asks(f"sum by (site) (increase({OF_DOWNTIME}{{{HOMES}}}[$__interval]))")),
    (rules.filters_by_home, asks('max by (site) (cadence_state{job=~"$job",site=~"$site"})')),
    (rules.filters_by_home, asks('max by (site) (cadence_state{job="cadence",site=~"$site",instance=~"$instance"})')),
    (rules.shows_growth_of_counters, asks(f"sum by (site) ({OF_DOWNTIME}{{{HOMES}}})")),
    (rules.is_not_edited_in_the_browser, change(lambda page: page, editable=True)),
    (rules.keeps_to_the_schema, change(lambda page: titled(page, "DNS"), descripton="misspelt")),
    (rules.keeps_to_the_schema, change(lambda page: titled(page, "DNS")["gridPos"], w="5")),
    (rules.keeps_to_the_schema, change(lambda page: titled(page, "DNS"), type="singlestat")),
    (
        rules.keeps_to_the_schema,
        change(lambda page: titled(page, "Downtime")["fieldConfig"]["defaults"]["thresholds"], mode="percent"),
    ),
    (rules.is_of_the_classic_format, change(lambda page: page, __inputs=[])),
    (rules.is_of_the_classic_format, change(lambda page: titled(page, "DNS")["datasource"], uid="${DS_PROMETHEUS}")),
    (rules.the_library_knows_every_key, change(lambda page: titled(page, "DNS")["options"], colourMode="value")),
    (rules.the_library_knows_every_key, change(lambda page: asked(page, "DNS"), epxr="up")),
    (rules.has_ids_of_its_own, change(lambda page: titled(page, "DNS"), id=1)),
    (rules.has_ids_of_its_own, change(lambda page: titled(page, "DNS"), id=0)),
    (rules.titles_are_told_apart, change(lambda page: titled(page, "DNS"), title="For")),
    (rules.nothing_overlaps, change(lambda page: titled(page, "DNS")["gridPos"], x=18)),
    (rules.nothing_overlaps, change(lambda page: titled(page, "DNS")["gridPos"], w=6)),
    (rules.leaves_no_holes, change(lambda page: titled(page, "DNS")["gridPos"], h=3)),
    (rules.names_its_series, change(lambda page: asked(page, "Downtime"), legendFormat="")),
    (
        rules.values_have_a_meaning,
        without(lambda page: titled(page, "Downtime")["fieldConfig"]["defaults"], "thresholds"),
    ),
    (rules.codes_have_words, asks(f"(max by (site) (cadence_state{{{HOMES}}}) == 1) * 0 + 99", "What is wrong")),
    (rules.metrics_exist, asks(f"max by (site) (cadence_stat{{{HOMES}}})")),
    (rules.labels_exist, asks(f'max by (site) (cadence_state{{phase="up",{HOMES}}})')),
    (rules.labels_exist, asks(f"max by (sites) (cadence_state{{{HOMES}}})")),
    (rules.labels_exist, asks(f"cadence_state{{{HOMES}}} and on (phase) cadence_state{{{HOMES}}}")),
    (rules.the_oldest_prometheus_can_answer, asks(f"sort_by_label(cadence_state{{{HOMES}}}, 'site')")),
    (rules.marks_what_happened, change(lambda page: page["annotations"]["list"][0], enable=False)),
    (rules.marks_hide_no_outage, without(lambda page: page["annotations"]["list"][0], "filter")),
    (rules.marks_hide_no_outage, change(lambda page: page["annotations"]["list"][0]["filter"], ids=[1])),
    (rules.variables_are_defined, asks(f'max by (site) (cadence_state{{state="$state",{HOMES}}})')),
    (
        rules.links_lead_somewhere,
        change(lambda page: titled(page, "Connection over time")["links"][0], url="/d/cadence-gone"),
    ),
    (rules.links_lead_somewhere, change(lambda page: titled(page, "DNS")["links"][0], url="${runbooks}#cadencegone")),
    (rules.links_lead_somewhere, change(lambda page: page, links=[])),
)


@pytest.mark.parametrize(("rule", "plant"), FAULTS, ids=lambda each: getattr(each, "__name__", "fault"))
def test_a_planted_fault_is_found(rule, plant):
    page = copy.deepcopy(GOOD)
    assert list(rule(page)) == []
    plant(page)
    assert list(rule(page)) != []


def test_every_rule_has_a_planted_fault():
    assert {rule for rule, _ in FAULTS} == set(rules.RULES)
