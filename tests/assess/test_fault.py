"""Where it broke: evidence as it is found in homes, and the layer that it names."""

from dataclasses import replace
from ipaddress import ip_address
from types import MappingProxyType

import pytest

from cadence_exporter.assess.assess import assess
from cadence_exporter.assess.fault import Evidence, name
from cadence_exporter.assess.way_out import hops_beyond
from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.model.memory import Belief, Memory, Phase, RecordMemory
from cadence_exporter.model.observation import (
    Answered,
    EchoAnswer,
    EchoRound,
    Failed,
    FailureReason,
    NamesResolve,
    Observation,
    PathWorks,
    RouterAlive,
    RouterMethod,
    RouterWan,
)
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.trace import Hop, Neighbour, OwnLink, Trace, TraceMethod, UsualPath
from tests.decide.cases import HOME, at, make_policy

GATEWAY = ip_address("192.168.1.1")
BNG = ip_address("93.184.0.1")
"""The first hop beyond the router; of the same network as the home's address."""
ISP_CORE = ip_address("93.184.7.1")
TRANSIT = ip_address("62.115.0.2")
TARGET = ip_address("1.1.1.1")
SHARED = ip_address("100.64.0.1")
PRIVATE = ip_address("10.20.0.1")
URL = "https://api.ipify.org"
ALIVE = Answered("router", RouterAlive(GATEWAY, RouterMethod.ICMP), 0.002)
LINK = OwnLink("eth0", carrier=True, address=ip_address("192.168.1.2"), neighbour=Neighbour.ANSWERS)
SPEC = RecordSpec(RecordKey("vpn.example.com", RecordType.A), "cloudflare")


def failed(reason=FailureReason.TIMEOUT, source="x"):
    return Failed(source, reason, "as the test wants it", 8.0)


def hops(*addresses, first=1):
    return tuple(Hop(ttl, address) for ttl, address in enumerate(addresses, first) if address is not None)


def traced(*addresses, reached=None, age=1.0, **more):
    return Answered("trace", Trace(TARGET, TraceMethod.ICMP, hops(*addresses), reached, 20, age_s=age, **more), 1.6)


def look(**more):
    values = {
        "at": at(1000),
        "took_s": 8.0,
        "gateway": GATEWAY,
        "router": ALIVE,
        "wan": (failed(),),
        "router_wan": None,
        "echo": MappingProxyType({Family.IPV4: EchoRound((), 4)}),
        "link": LINK,
    }
    return Observation(**{**values, **more})


def usual(*addresses, gateway=GATEWAY):
    return UsualPath(gateway, hops(*addresses), reached=True, at=at(0).wall, method=TraceMethod.ICMP)


def memory(path=None, **more):
    belief = Belief(HOME, 2, at(0), HOME, at(0).wall)
    return Memory(Phase.UP, at(0), beliefs=MappingProxyType({Family.IPV4: belief}), usual_path=path, **more)


def find(before=None, records=(), **seen):
    return assess(look(**seen), before or memory(usual(GATEWAY, BNG, ISP_CORE, TRANSIT)), make_policy(records=records))


NO_LINK = replace(LINK, carrier=False)
SILENT = replace(LINK, neighbour=Neighbour.SILENT)
NO_WAN = Answered("natpmp", RouterWan(None, 1), 0.004)


@pytest.mark.parametrize(
    ("layer", "seen"),
    [
        (FaultLayer.HOST, {"link": NO_LINK, "router": failed()}),
        (FaultLayer.HOST, {"link": replace(LINK, interface=None), "router": failed(), "gateway": None}),
        (FaultLayer.HOST, {"link": replace(LINK, address=None), "router": failed()}),
        (FaultLayer.LAN, {"link": SILENT, "router": failed()}),
        (FaultLayer.LAN, {"link": SILENT, "router": failed(), "trace": traced()}),
        (FaultLayer.LAN, {"link": SILENT, "router": failed(), "trace": traced(GATEWAY, BNG, age=100.0)}),
        (FaultLayer.LAN, {"link": replace(LINK, neighbour=Neighbour.UNKNOWN), "router": failed()}),
        (FaultLayer.ACCESS, {"trace": traced(GATEWAY)}),
        (FaultLayer.ACCESS, {"trace": traced(GATEWAY, HOME)}),  # a Linux router that finds nobody on the line
        (FaultLayer.ACCESS, {"trace": traced(None, HOME)}),
        (FaultLayer.ISP, {"trace": traced(GATEWAY, BNG)}),
        (FaultLayer.ISP, {"trace": traced(GATEWAY, BNG, ISP_CORE)}),
        (FaultLayer.ISP, {"trace": traced(GATEWAY, SHARED)}),
        (FaultLayer.ISP, {"trace": traced(GATEWAY, None, ISP_CORE)}),
        (FaultLayer.ISP, {"router": failed(), "trace": traced(None, BNG)}),
        (FaultLayer.UPSTREAM, {"trace": traced(GATEWAY, BNG, ISP_CORE, TRANSIT)}),
        (FaultLayer.UPSTREAM, {"trace": traced(GATEWAY, BNG, None, TRANSIT)}),
        (None, {}),
        (None, {"trace": failed()}),
        (None, {"trace": traced()}),
        (None, {"trace": traced(GATEWAY, age=301.0)}),
        (None, {"trace": traced(GATEWAY, path_worked=True)}),
        (None, {"trace": traced(GATEWAY, BNG, TRANSIT, reached=4)}),
        (None, {"trace": traced(GATEWAY), "router": failed()}),
        (None, {"trace": traced(GATEWAY), "link": None}),
        (None, {"router": failed()}),
        (None, {"trace": traced(GATEWAY, PRIVATE)}),
        (None, {"trace": traced(GATEWAY), "wan": (failed(FailureReason.DNS),)}),
    ],
)
def test_a_path_that_fails(layer, seen):
    assessment = find(**seen)
    assert assessment.fault is layer, assessment.fault_why
    assert assessment.fault_why


@pytest.mark.parametrize(
    "path",
    [
        None,
        usual(GATEWAY, None, None, TRANSIT),
        usual(GATEWAY, None, ISP_CORE),
        usual(GATEWAY),
        usual(GATEWAY, BNG, gateway=ip_address("192.168.0.254")),
        usual(GATEWAY, PRIVATE, BNG),
    ],
)
def test_a_silent_hop_means_nothing_where_nobody_ever_answers(path):
    assert find(memory(path), trace=traced(GATEWAY)).fault is None


@pytest.mark.parametrize("learnt_by", [TraceMethod.UDP, TraceMethod.TCP, None])
def test_a_silent_hop_means_nothing_beside_a_usual_path_that_was_learnt_by_other_packets(learnt_by):
    """An ISP that drops pings: after a restart the power would be cut for an outage that is far away."""
    path = replace(usual(GATEWAY, BNG, ISP_CORE, TRANSIT), method=learnt_by)
    assert find(memory(path), trace=traced(GATEWAY)).fault is None


def test_a_tunnel_of_this_hosts_that_is_dead_is_not_the_line():
    """A VPN client with the default route left as it was: the usual path has the tunnel's far end where the router should be."""
    through_it = memory(usual(PRIVATE, TRANSIT, ip_address("62.115.0.9")))
    assert find(through_it, trace=traced(GATEWAY)).fault is None


def test_a_private_hop_is_the_isps_when_the_router_is_known_to_be_the_edge():
    before = memory(usual(GATEWAY, PRIVATE, BNG), router_edge=True)
    assert find(before, trace=traced(GATEWAY)).fault is FaultLayer.ACCESS
    assert find(before, trace=traced(GATEWAY, PRIVATE)).fault is FaultLayer.ISP


def test_a_router_behind_a_containers_bridge_is_not_the_first_hop():
    bridge = ip_address("172.17.0.1")
    before = memory(usual(bridge, GATEWAY, BNG))
    assert find(before, trace=traced(bridge, GATEWAY)).fault is FaultLayer.ACCESS
    assert find(before, trace=traced(bridge), router=failed(), link=SILENT).fault is not FaultLayer.ACCESS
    seen_from_within = memory(usual(bridge, GATEWAY, BNG, gateway=bridge))
    for reached in (traced(bridge), traced(bridge, GATEWAY)):
        assert find(seen_from_within, gateway=bridge, trace=reached).fault is None


def test_the_routers_own_word_counts_when_it_usually_names_an_address():
    assert find(memory(router_edge=True), router_wan=NO_WAN, trace=traced(GATEWAY)).fault is FaultLayer.ACCESS
    for edge in (None, False):
        assert find(memory(router_edge=edge), router_wan=NO_WAN, trace=traced(GATEWAY)).fault is None
    for nothing in (None, traced(), traced(GATEWAY, age=301.0)):
        found = find(memory(router_edge=True), router_wan=NO_WAN, trace=nothing)
        assert found.fault is None, (
            "anybody on the LAN can forge it, and the router may have been gone when it was traced"
        )
    says_otherwise = find(memory(usual(GATEWAY, BNG), router_edge=True), router_wan=NO_WAN, trace=traced(GATEWAY, BNG))
    assert says_otherwise.fault is FaultLayer.ISP


def test_the_last_hop_that_answered_is_told():
    assert find(trace=traced(GATEWAY, BNG)).last_hop == Hop(2, BNG)
    assert find(trace=traced(GATEWAY)).last_hop == Hop(1, GATEWAY)
    assert find(trace=traced()).last_hop is None


PATH = (Answered("tls://1.1.1.1:443", PathWorks("1.1.1.1", 443), 0.02),)


def echo(*readings):
    return MappingProxyType({Family.IPV4: EchoRound(readings, max(4, len(readings)))})


def voice(operator="a"):
    return Answered(f"https://{operator}", EchoAnswer(HOME, operator), 0.1)


def test_nothing_is_named_while_everything_works():
    fine = find(wan=PATH, echo=echo(voice("a"), voice("b")), names=Answered("n", NamesResolve("n"), 0.01))
    assert (fine.fault, fine.fault_why) == (None, "")


@pytest.mark.parametrize("reason", [FailureReason.DNS, FailureReason.TIMEOUT])
def test_names_that_do_not_resolve_while_packets_come_through(reason):
    silent = echo(failed(FailureReason.DNS), failed(FailureReason.DNS))
    assert find(wan=PATH, echo=silent, names=failed(reason)).fault is FaultLayer.DNS


def test_a_name_that_was_looked_up_meanwhile_excuses_the_resolver():
    heard = Answered(URL, EchoAnswer(HOME, "ipify"), 0.1)
    assert find(wan=PATH, echo=echo(heard, voice("b")), names=failed(FailureReason.TIMEOUT)).fault is None


def test_echo_services_that_all_fail_are_remote_while_the_path_works():
    assert find(wan=PATH, echo=echo(*[failed()] * 4)).fault is FaultLayer.REMOTE
    assert find(wan=PATH, echo=echo(failed())).fault is None, "one of them may have a bad moment"
    assert find(wan=PATH, echo=echo(failed(), failed(), voice())).fault is None


def test_a_provider_that_fails_is_remote_and_one_in_the_house_is_not():
    two = echo(voice("a"), voice("b"))
    records = MappingProxyType({SPEC.key: RecordMemory(failures=2)})
    assert find(memory(records=records), (SPEC,), wan=PATH, echo=two).fault is FaultLayer.REMOTE
    once = MappingProxyType({SPEC.key: RecordMemory(failures=1)})
    assert find(memory(records=once), (SPEC,), wan=PATH, echo=two).fault is None, "it may have a bad moment"
    at_home = replace(SPEC, provider="file")
    assert find(memory(records=records), (at_home,), wan=PATH, echo=two).fault is None
    refused = MappingProxyType({SPEC.key: RecordMemory(failures=2, refusal="a CNAME is there")})
    assert find(memory(records=refused), (SPEC,), wan=PATH, echo=two).fault is None


def test_targets_that_fail_while_others_answer_are_not_the_line():
    assert find(echo=echo(voice("a"))).fault is FaultLayer.REMOTE
    assert find(echo=echo(voice("a")), wan=(failed(FailureReason.DNS),)).fault is FaultLayer.DNS


def test_an_icmp_dropping_path_that_works_is_no_fault():
    assert find(wan=PATH, echo=echo(voice("a"), voice("b")), trace=traced(GATEWAY, path_worked=True)).fault is None


def test_the_usual_path_is_learnt_from_a_trace_of_the_working_path_once():
    fresh = find(wan=PATH, trace=traced(GATEWAY, BNG, reached=3, path_worked=True)).usual_path
    assert fresh is not None
    assert (fresh.gateway, fresh.hops, fresh.reached) == (GATEWAY, hops(GATEWAY, BNG), True)
    assert find(wan=PATH, trace=traced(GATEWAY, path_worked=True, is_news=False)).usual_path is None
    assert find(trace=traced(GATEWAY)).usual_path is None


def test_a_path_that_works_names_no_layer_by_itself():
    assert name(Evidence(path_works=True, link_works=False, router_asked=True, targets_are_names=True)) is None


def test_the_first_public_hop_behind_private_ones_is_where_the_isp_begins():
    """What shares its network is the ISP's, too, also when the home's own address lies elsewhere."""
    elsewhere = replace(memory(), beliefs=MappingProxyType({}))
    entry, near = ip_address("62.115.0.1"), TRANSIT
    assert find(elsewhere, trace=traced(GATEWAY, PRIVATE, entry, near)).fault is FaultLayer.ISP
    assert find(elsewhere, trace=traced(GATEWAY, PRIVATE, entry, BNG)).fault is FaultLayer.UPSTREAM
    unseen = traced(GATEWAY, None, entry, near)
    assert find(elsewhere, trace=unseen).fault is FaultLayer.UPSTREAM, (
        "a hop before it kept silent: it may be anybody's"
    )
    assert find(elsewhere, trace=traced(GATEWAY, PRIVATE, None, near)).fault is FaultLayer.UPSTREAM


def test_an_address_of_the_other_family_says_nothing_of_whose_a_hop_is():
    six = Belief(ip_address("2a01:4f8::1"), 2, at(0), ip_address("2a01:4f8::1"), at(0).wall)
    before = replace(memory(), beliefs=MappingProxyType({Family.IPV6: six}))
    assert find(before, trace=traced(GATEWAY, None, BNG)).fault is FaultLayer.UPSTREAM


def test_a_quorum_of_services_that_fail_is_enough_to_call_them_remote():
    assert find(wan=PATH, echo=echo(failed(), failed())).fault is FaultLayer.REMOTE


@pytest.mark.parametrize(
    "url", ["https://1.1.1.1/cdn-cgi/trace", "http://localhost:8080/ip", "http://127.0.0.1:8080/ip"]
)
def test_a_service_that_needs_no_lookup_does_not_excuse_the_resolver(url):
    heard = Answered(url, EchoAnswer(HOME, "a"), 0.1)
    assert find(wan=PATH, echo=echo(heard, heard), names=failed(FailureReason.TIMEOUT)).fault is FaultLayer.DNS


@pytest.mark.parametrize(
    ("age", "router", "neighbour", "fresh"),
    [
        (0.0, ALIVE, Neighbour.ANSWERS, True),
        (0.5, ALIVE, Neighbour.ANSWERS, True),
        (300.0, ALIVE, Neighbour.SILENT, True),
        (300.1, ALIVE, Neighbour.ANSWERS, False),
        (300.0, failed(), Neighbour.ANSWERS, True),
        (15.0, failed(), Neighbour.SILENT, True),
        (15.1, failed(), Neighbour.SILENT, False),
        (-0.1, ALIVE, Neighbour.ANSWERS, False),
    ],
)
def test_how_long_a_trace_says_something_depends_on_whether_the_router_is_still_there(age, router, neighbour, fresh):
    link = replace(LINK, neighbour=neighbour)
    found = find(router=router, link=link, trace=traced(GATEWAY, BNG, age=age))
    assert found.last_hop == (Hop(2, BNG) if fresh else None)


def test_who_complains_from_the_homes_own_address_stands_for_the_router_and_nobody_else_does():
    assert find(trace=traced(GATEWAY, HOME, BNG)).last_hop == Hop(3, BNG)
    on_a_ppp_line = find(gateway=None, trace=traced(HOME))
    assert on_a_ppp_line.last_hop == Hop(1, HOME)


def test_what_lies_beyond_the_router_is_told_with_and_without_it_in_the_trace():
    assert hops_beyond(hops(GATEWAY, BNG), GATEWAY) == (Hop(2, BNG),)
    assert hops_beyond(hops(BNG, ISP_CORE), GATEWAY) == (Hop(2, ISP_CORE),), (
        "one hop is the router, whoever answers there"
    )
    assert hops_beyond(hops(BNG, ISP_CORE), None) == hops(BNG, ISP_CORE)
    assert hops_beyond(hops(BNG, GATEWAY, GATEWAY, ISP_CORE), GATEWAY) == (Hop(4, ISP_CORE),)


def test_the_usual_path_is_dated_by_its_trace_and_says_how_it_was_made():
    trace = traced(GATEWAY, BNG, path_worked=True, age=200.0)
    learnt = find(wan=PATH, trace=trace).usual_path
    assert learnt == UsualPath(GATEWAY, hops(GATEWAY, BNG), reached=False, at=at(800).wall, method=TraceMethod.ICMP)
