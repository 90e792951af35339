import json

import pytest

from tests.grafana.expressions import Range, expressions, seconds, spelt_out
from tests.grafana.names import ROOT
from tests.grafana.selectors import parsed

DAY = Range(1_000_000.0, 1_086_400.0, scrape_s=30.0)
MONTH = Range(1_000_000.0, 3_592_000.0, scrape_s=30.0)


def page(name):
    return json.loads((ROOT / f"grafana/dashboards/cadence-{name}.json").read_text())


def of(name, span):
    return {(each.place, each.ref): each for each in expressions(page(name), span)}


def test_every_question_of_a_page_is_there():
    asked = list(expressions(page("overview"), DAY))
    shown = page("overview")
    targets = sum(len(panel.get("targets", [])) for panel in shown["panels"])
    assert len(asked) == targets + len(shown["annotations"]["list"])


@pytest.mark.parametrize("name", ["overview", "fleet", "slo", "debug", "kiosk"])
@pytest.mark.parametrize("span", [DAY, MONTH])
def test_nothing_is_left_to_fill_in(name, span):
    for each in expressions(page(name), span):
        assert "$" not in each.expr, each
        assert each.instant or (span.end - span.start) / each.step_s < 11_000
        parsed(each.raw)


def test_windows_follow_the_range_as_in_grafana():
    history = of("overview", MONTH)["Connection over time", "A"]
    assert history.step_s == 6480
    assert "[6510s]" in history.expr  # a step and a scrape: windows overlap, no outage falls between
    assert "[120s]" in of("overview", Range(0, 3600, scrape_s=30.0))["Connection over time", "A"].expr


def test_the_least_step_of_a_panel_is_kept():
    jitter = of("overview", DAY)["Jitter of the way out", "A"]
    assert jitter.min_step_s == 1800
    assert jitter.step_s == 1800


def test_the_table_of_outages_is_sampled_as_finely_as_prometheus_allows():
    assert {of("overview", MONTH)["Outage list", ref].step_s for ref in "AB"} == {260.0}
    assert {of("overview", DAY)["Outage list", ref].step_s for ref in "AB"} == {30.0}


def test_a_choice_narrows_every_question():
    for each in expressions(page("overview"), DAY, {"site": "home"}):
        assert 'site=~"home"' in each.expr


def test_an_unknown_variable_is_refused():
    with pytest.raises(KeyError):
        spelt_out("x[$__intervall]", DAY, 30.0, {})


def test_durations():
    assert [seconds(each) for each in ("90s", "10m", "2h", "1d")] == [90, 600, 7200, 86_400]
