"""Where it broke, as it is told: log lines, metrics, the status document, its page and the list of events."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from cadence_exporter.cli.status import summary
from cadence_exporter.model.assessment import FaultLayer, Link, Nat
from cadence_exporter.model.decision import OutageEnded
from cadence_exporter.model.memory import Layer
from cadence_exporter.model.observation import Answered
from cadence_exporter.model.recovery import SWITCHED_OFF
from cadence_exporter.model.trace import Hop, Trace, TraceMethod
from cadence_exporter.record.log.journal import Level
from cadence_exporter.record.log.lines import facts
from cadence_exporter.record.metrics.gauges import Gauges
from cadence_exporter.record.metrics.tally import counts
from cadence_exporter.record.state.marks import Marks
from cadence_exporter.record.web.describe import describe
from cadence_exporter.record.web.describe_power import describe_power
from cadence_exporter.record.web.events import events
from tests.record.cycles import at, make_cycle, memory, observation

BNG = ip_address("81.2.69.1")


def broken(layer=FaultLayer.ISP, *, hop=Hop(2, BNG), news=True, nat=Nat.UNKNOWN, before=Nat.UNKNOWN):  # noqa: B008 - frozen
    trace = Trace(ip_address("1.1.1.1"), TraceMethod.UDP, (hop,) if hop else (), None, 20, is_news=news, age_s=31.0)
    seen = replace(observation(at(1000), wan=False), trace=Answered("trace", trace, 1.6))
    cycle = make_cycle(seen=seen, before=replace(memory(), nat=before), after=replace(memory(), nat=nat))
    found = replace(
        cycle.assessment, wan=Link.DOWN, fault=layer, fault_why="packets end at the ISP", last_hop=hop, nat=nat
    )
    return replace(cycle, assessment=found)


def lines(cycle, subject):
    return [fact for fact in facts(cycle) if fact.subject == subject]


def test_the_log_names_the_layer_the_rule_and_the_last_hop():
    (line,) = lines(broken(), "BROKE_AT")
    assert (line.status, line.level) == ("ISP", Level.WARNING)
    assert line.extras == {
        "why": "packets end at the ISP",
        "last_hop": "81.2.69.1",
        "ttl": "2",
        "traced": "udp 31s ago",
    }
    assert lines(broken(None), "BROKE_AT")[0].status == "UNKNOWN"
    assert lines(make_cycle(), "BROKE_AT") == []


@pytest.mark.parametrize("layer", list(FaultLayer))
def test_one_layer_is_one_and_the_others_are_zero(layer):
    gauges = Gauges(memory(), Marks())
    gauges.update(broken(layer), store_up=True)
    shown = {key[1]: value for key, value in gauges.values.items() if key[0] == "cadence_fault_layer"}
    assert shown == {each: float(each is layer) for each in FaultLayer}
    gauges.update(make_cycle(), store_up=True)
    assert all(value == 0.0 for key, value in gauges.values.items() if key[0] == "cadence_fault_layer")


def test_the_packets_of_a_trace_are_counted_once():
    key = ("cadence_trace_packets_total",)
    assert (key, 20) in list(counts(broken()))
    assert key not in dict(counts(broken(news=False)))


def test_the_status_says_it_and_says_nothing_when_nothing_is_broken():
    assert describe(broken(), (), at(1001))["fault"] == {
        "layer": "isp",
        "why": "packets end at the ISP",
        "last_hop": {"address": "81.2.69.1", "ttl": 2},
    }
    unknown = describe(broken(None, hop=None), (), at(1001))["fault"]
    assert (unknown["layer"], unknown["last_hop"]) == (None, None)
    assert describe(make_cycle(), (), at(1001))["fault"] is describe(None, (), at(0))["fault"] is None


def test_the_terminal_shows_it():
    power = {**describe_power(None, SWITCHED_OFF, at(1001)), "last_request": None}
    document = {
        **describe(broken(nat=Nat.CGNAT), (), at(1001)),
        "site": "home",
        "outage": {"current": None, "last": None},
    }
    text = "\n".join(summary({**document, "listeners": [], "sinks": {}, "delivery": {}, "power": power}))
    assert "isp: packets end at the ISP (last hop that answers: 81.2.69.1)" in text
    assert "no, cgnat NAT" in text


def test_a_shared_address_is_news_once():
    assert [fact.level for fact in lines(broken(nat=Nat.CGNAT), "ROUTER_WAN")] == [Level.WARNING]
    known = lines(broken(nat=Nat.CGNAT, before=Nat.CGNAT), "ROUTER_WAN")
    assert [(fact.status, fact.level) for fact in known] == [("CGNAT", Level.DEBUG)]
    (over,) = lines(broken(nat=Nat.OPEN, before=Nat.DOUBLE), "ROUTER_WAN")
    assert (over.status, over.level) == ("OPEN", Level.INFO)
    assert lines(broken(nat=Nat.OPEN, before=Nat.OPEN), "ROUTER_WAN") == []


def test_what_is_said_of_an_outage_that_is_over_is_where_it_was():
    over = OutageEnded(at(900), at(1000), Layer.WAN, FaultLayer.ACCESS)
    cycle = make_cycle(outage_ended=over)
    assert lines(cycle, "OUTAGE")[0].detail == "access"
    assert [event.text for event in events(cycle)] == ["outage over after 1 min 40 s (access)"]
    assert replace(over, fault=None).where == "wan"
