"""The small Prometheus and Alertmanager behind docs/ALERTS.md do what the real ones do."""

import pytest

from tests.alerting.firing import Firing, firings
from tests.alerting.messages import Alertmanager, matches
from tests.alerting.shipped import ALERTMANAGER, document, names
from tests.alerting.test_inhibition import LABELS, QUIET

MINUTE = 60.0
NOON = 1_767_268_800.0
"""2026-01-01 12:00 UTC."""


def spans(active, **waits):
    return [(each.start, each.end) for each in firings(active, {}, every_s=1.0, **waits)]


@pytest.mark.parametrize(
    ("active", "waits", "fires"),
    [
        ([1, 2, 3], {}, [(1, 4)]),
        ([1, 2, 5, 6], {}, [(1, 3), (5, 7)]),
        ([1, 2, 3, 4], {"for_s": 2}, [(3, 5)]),
        ([1, 2, 5, 6, 7], {"for_s": 2}, [(7, 8)]),
        ([1, 2], {"for_s": 2}, []),
        ([1, 2], {"keep_s": 3}, [(1, 6)]),
        ([1, 2, 5], {"keep_s": 3}, [(1, 9)]),
        ([1, 2, 6], {"keep_s": 3}, [(1, 6), (6, 10)]),
        ([1, 2, 3, 5], {"for_s": 2, "keep_s": 3}, [(3, 9)]),
        ([], {}, []),
    ],
)
def test_for_delays_and_keep_firing_for_bridges(active, waits, fires):
    assert spans(active, **waits) == fires


@pytest.mark.parametrize(
    ("matcher", "fits"),
    [
        ('layer = "wan"', True),
        ("layer != wan", False),
        ('layer =~ "lan|wan"', True),
        ('layer =~ "an"', False),
        ('layer !~ "lan|wan"', False),
        ('absent = ""', True),
        ('absent !~ "lan|wan"', True),
    ],
)
def test_matchers(matcher, fits):
    assert matches([matcher])({"layer": "wan"}) is fits


@pytest.fixture
def shipped():
    return Alertmanager(document(ALERTMANAGER))


def alert(name, start, end, **more):
    labels = {"alertname": name, "site": "home", "instance": "pi:9923", **LABELS[name], **more}
    return Firing(labels, NOON + start, NOON + end)


def test_an_unclear_second_family_does_not_hide_a_line_that_comes_and_goes(shipped):
    degraded = alert("CadenceDegraded", 600, 7200)
    for family, hidden in (("ipv4", True), ("ipv6", False)):
        unclear = alert("CadencePublicIpUnclear", 0, 7200, family=family)
        names = {name for _, _, told_of, _ in told(shipped, unclear, degraded) for name in told_of}
        assert ("CadenceDegraded" not in names) is hidden


def told(manager, *alerts):
    return [
        (m.time - NOON, m.receiver, sorted(m.names), sorted(a.name for a in m.resolved))
        for m in manager.messages(alerts)
    ]


def test_inhibition_is_that_of_the_real_one(shipped):
    for source, quiet in QUIET.items():
        for name in set(names()) - {source}:
            pair = [alert(source, 0, 1000), alert(name, 0, 1000)]
            assert shipped._inhibited(pair)(pair[1], NOON + 500) is (name in quiet - {source}), (source, name)


def test_an_outage_is_one_message_and_one_report(shipped):
    ended = {"ended": "1"}
    assert told(
        shipped,
        alert("CadenceWanDown", 0, 3600),
        alert("CadenceDegraded", 600, 3590),
        alert("CadenceOutageRecovered", 3600, 4500, **ended),
    ) == [(10, "outage", ["CadenceWanDown"], []), (3600, "outage", ["CadenceOutageRecovered"], [])]


def test_without_its_inhibition_it_would_be_more():
    configuration = document(ALERTMANAGER)
    configuration["inhibit_rules"] = []
    found = told(Alertmanager(configuration), alert("CadenceWanDown", 0, 3600), alert("CadenceDegraded", 600, 3590))
    assert [names for _, _, names, _ in found] == [["CadenceWanDown"], ["CadenceDegraded"], []]


def test_a_second_warning_waits_for_the_interval_and_the_end_is_told(shipped):
    assert told(shipped, alert("CadencePacketLoss", 0, 9000), alert("CadenceHighLatency", 60, 600)) == [
        (30, "calm", ["CadencePacketLoss"], []),
        (3630, "calm", ["CadencePacketLoss"], ["CadenceHighLatency"]),
        (10830, "calm", [], ["CadencePacketLoss"]),
    ]


def test_an_alert_that_was_over_before_its_first_flush_is_not_told(shipped):
    assert told(shipped, alert("CadencePacketLoss", 0, 20)) == []


def test_a_critical_that_goes_on_is_repeated(shipped):
    found = told(shipped, alert("CadenceDnsOutOfSync", 0, 9 * 3600))
    assert [round(time / 3600) for time, *_ in found] == [0, 4, 8, 9]


def test_warnings_of_the_night_come_in_the_morning_and_criticals_at_once(shipped):
    night = 12 * 3600.0
    found = told(
        shipped, alert("CadencePacketLoss", night, night + 40_000), alert("CadenceDnsOutOfSync", night, night + 900)
    )
    assert found[0] == (night + 10, "critical", ["CadenceDnsOutOfSync"], [])
    (morning,) = [time for time, receiver, names, _ in found if receiver == "calm" and names]
    assert morning == night + 30 + 7 * 3600
