"""What docs/ALERTS.md counts: honest seeds, every family, and which message belongs to which outage."""

import pytest

from tests.alerting.firing import Firing
from tests.alerting.messages import Message
from tests.alerting.shipped import names
from tests.alerting.told import Home
from tests.alerting.weathers import WEATHERS, Lived, Outage, needed
from tests.alerting.year import spelt_out

T = 1_000_000.0


@pytest.mark.parametrize("weather", WEATHERS.values(), ids=WEATHERS)
def test_no_figure_comes_from_a_seed_that_rules_were_tuned_with(weather):
    assert weather.tuning
    assert not set(weather.tuning) & {seed for each in WEATHERS.values() for seed in each.final}


def test_every_rule_is_asked_with_nothing_but_metrics_in_it():
    asked = list(spelt_out())
    assert {rule["alert"] for rule, _ in asked} == set(names())
    assert not any("instance:" in expr for _, expr in asked)
    assert {"cadence_state", "cadence_state_seconds_total", "cadence_outages_total"} <= needed()
    assert "cadence_probe_duration_seconds" not in needed(), "gigabytes in a month that no alert asks for"


def one(name, start, end, **labels):
    return Firing({"alertname": name, **labels}, T + start, T + end)


def heard(time, *alerts, receiver="outage"):
    return Message(T + time, receiver, alerts, ())


@pytest.fixture
def home():
    down, report = one("CadenceWanDown", 400, 1000), one("CadenceOutageRecovered", 1000, 1900, ended=f"{T + 1000:.0f}")
    loss = one("CadencePacketLoss", 500, 5000)
    messages = [heard(410, down), heard(530, loss, receiver="calm"), heard(1000, report)]
    outages = [Outage(T + 60, T + 1000), Outage(T + 1100, T + 1150)]
    return Home(WEATHERS["bad-month"], 1, Lived(None, outages, T, T + 86_400), [down, report, loss], messages)


def test_a_message_belongs_to_the_outage_that_it_is_about(home):
    first, second = home.outages
    assert [len(found) for found in (home.begins(first), home.reports(first), home.others(first))] == [1, 1, 1]
    assert [len(found) for found in (home.begins(second), home.reports(second), home.others(second))] == [0, 0, 0]
