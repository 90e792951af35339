"""What one observation means: links, votes, vetoes, and addresses that must never be published."""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.assess import path, public_ip
from cadence_exporter.assess.assess import assess
from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Agreed, Disputed, Link, Nat, NotPublic, Unchanged, Unknown
from cadence_exporter.model.memory import EchoPlan
from cadence_exporter.model.observation import (
    Answered,
    EchoAnswer,
    EchoRound,
    Failed,
    FailureReason,
    MappedAddress,
    Observation,
    PathWorks,
    RouterAlive,
    RouterMethod,
    RouterWan,
)
from cadence_exporter.model.power import Identity, PlugSeen, PowerReading
from cadence_exporter.model.recovery import PowerView, RecoveryMemory, RecoveryPolicy
from tests.decide.cases import HOME, MOVED, at, fresh, make_policy

SILENT = Failed("s", FailureReason.TIMEOUT, "8 s", 8.0)
REACHED = Answered("tcp://t:1", PathWorks("t", 1), 0.01)
ROUTER_UP = Answered("router", RouterAlive(ip_address("192.168.0.1"), RouterMethod.TCP), 0.001)


def says(address, operator):
    return Answered(operator, EchoAnswer(ip_address(str(address)), operator), 0.05)


def judge(*readings, router=None, plan=None, configured=None, spared=False, **changes):
    answers = tuple(says(*reading) if isinstance(reading, tuple) else reading for reading in readings)
    echo = EchoRound(answers, len(answers) if configured is None else configured, spared)
    return public_ip.judge(echo, ip_address(router) if router else None, plan, make_policy(**changes))


def test_a_quorum_of_operators_agrees():
    assert judge((HOME, "a"), (HOME, "b"), SILENT) == Agreed(HOME, ("a", "b"))


def test_the_address_with_most_voices_wins_whichever_number_is_higher():
    assert judge((MOVED, "a"), (MOVED, "b"), (HOME, "c")) == Agreed(MOVED, ("a", "b"))


def test_two_services_of_one_operator_are_one_voice():
    assert isinstance(judge((HOME, "a"), (HOME, "a")), Unknown)


def test_an_operator_that_contradicts_itself_settles_nothing():
    assert isinstance(judge((HOME, "a"), (HOME, "b"), (MOVED, "b")), Disputed)
    assert judge((HOME, "a"), (HOME, "b"), (HOME, "c"), (MOVED, "c")) == Agreed(HOME, ("a", "b", "c"))


def test_one_liar_of_four_is_outvoted_and_two_against_two_is_a_dispute():
    assert judge((HOME, "a"), (HOME, "b"), (HOME, "c"), (MOVED, "d")) == Agreed(HOME, ("a", "b", "c"))
    assert isinstance(judge((HOME, "a"), (HOME, "b"), (MOVED, "c"), (MOVED, "d")), Disputed)


def test_a_quorum_is_not_enough_against_as_many_dissenters_of_any_kind():
    assert isinstance(judge((HOME, "a"), (HOME, "b"), (MOVED, "c"), ("8.8.8.8", "d")), Disputed)


def test_one_voice_against_another_is_a_dispute_and_one_alone_is_unknown():
    assert judge((HOME, "a"), (MOVED, "b")) == Disputed((MOVED, HOME), "echo services name different addresses")
    verdict = judge((HOME, "a"), SILENT, SILENT)
    assert verdict == Unknown("only 1 of 2 independent voices; s: timeout; s: timeout")
    assert judge((HOME, "a")).why == "only 1 of 2 independent voices; no echo service answered"


def test_addresses_of_two_families_in_one_round_are_a_dispute_and_no_error():
    v6 = ip_address("2a01:4f8::1")
    assert judge((v6, "a"), (HOME, "b")).ips == (v6, HOME)


def test_silence_is_unknown_with_its_reasons():
    assert judge(SILENT) == Unknown("s: timeout")
    assert judge() == Unknown("no echo service answered")


@pytest.mark.parametrize(
    ("address", "name"),
    [("100.64.0.9", "cgnat"), ("192.168.1.2", "private"), ("224.0.0.1", "multicast"), ("203.0.113.5", "documentation")],
)
def test_an_address_that_is_agreed_on_but_not_public_is_named(address, name):
    assert judge((address, "a"), (address, "b")) == NotPublic(ip_address(address), name)


@pytest.mark.parametrize("address", ["104.16.0.1", "172.71.255.255", "162.158.0.1"])
def test_an_address_of_the_cdn_is_never_home_whatever_the_settings_say(address):
    assert judge((address, "a"), (address, "b")) == NotPublic(ip_address(address), "cloudflare")


def test_a_network_that_the_user_refuses_is_never_home():
    refused = (ip_network("93.184.0.0/16"),)
    assert judge((HOME, "a"), (HOME, "b"), refused_networks=refused) == NotPublic(HOME, "refused")
    assert isinstance(judge((MOVED, "a"), (MOVED, "b"), refused_networks=refused), Agreed)


def test_another_public_address_at_the_router_is_a_veto_but_a_private_one_is_only_another_nat():
    assert judge((HOME, "a"), (HOME, "b"), router=str(MOVED)) == Disputed(
        (HOME, MOVED), "the router names another public address", vetoed=True
    )
    for harmless in (str(HOME), "192.168.1.4", "100.70.0.1", "0.0.0.0"):
        assert isinstance(judge((HOME, "a"), (HOME, "b"), router=harmless), Agreed)


@pytest.mark.parametrize(
    ("address", "behind"),
    [("100.64.0.9", True), ("192.168.1.2", True), (str(HOME), False), ("169.254.3.4", False), (None, False)],
)
def test_only_a_private_or_shared_address_at_the_router_means_another_nat(address, behind):
    assert public_ip.behind_another_nat(ip_address(address) if address else None) is behind


PLAN = EchoPlan(first=1, expected=HOME)


def test_one_voice_that_says_what_was_expected_keeps_the_belief():
    assert judge((HOME, "a"), plan=PLAN, configured=4) == Unchanged(HOME, "echo")
    assert judge((HOME, "a"), plan=PLAN, configured=4, router=str(HOME)) == Unchanged(HOME, "echo")


def test_one_voice_confirms_nothing_new_and_nothing_when_all_were_asked():
    assert isinstance(judge((MOVED, "a"), plan=PLAN, configured=4), Unknown)
    assert isinstance(judge((HOME, "a"), SILENT, plan=PLAN, configured=4), Unknown)
    assert isinstance(judge((HOME, "a"), plan=PLAN, configured=1), Unknown)
    assert isinstance(judge((HOME, "a"), plan=None, configured=4), Unknown)


def test_a_router_that_contradicts_the_one_voice_is_heard():
    verdict = judge((HOME, "a"), plan=PLAN, configured=4, router=str(MOVED))
    assert verdict == Disputed((HOME, MOVED), "the router names another public address", vetoed=True)


def test_a_spared_round_keeps_what_was_expected():
    assert judge(plan=PLAN, configured=4, spared=True) == Unchanged(HOME, "router")
    assert judge(configured=4, spared=True) == Unknown("no echo service was asked")


def test_a_rest_keeps_the_verdict_that_it_began_with_and_only_while_nobody_is_asked():
    torn = Disputed((HOME, MOVED), "why")
    resting = EchoPlan(first=0, expected=HOME, meanwhile=torn)
    assert judge(plan=resting, configured=4, spared=True) == torn
    assert judge((HOME, "a"), (HOME, "b"), plan=resting) == Agreed(HOME, ("a", "b"))


def test_one_wan_target_is_enough_and_only_all_failing_is_down():
    assert path.wan((SILENT, REACHED)) is Link.UP
    assert path.wan((SILENT, SILENT)) is Link.DOWN
    assert path.wan(()) is Link.DOWN


def test_a_silent_router_on_a_working_path_is_not_down():
    assert path.lan(ROUTER_UP, Link.DOWN) is Link.UP
    assert path.lan(SILENT, Link.UP) is Link.UNKNOWN
    assert path.lan(SILENT, Link.DOWN) is Link.DOWN


V6 = "2a00:1450:4001:81b::200e"


def observed(v4, *, v6=(), router=ROUTER_UP, router_wan=None, wan=(REACHED,), configured=2):
    echo = {
        Family.IPV4: EchoRound(tuple(says(*each) for each in v4), configured),
        Family.IPV6: EchoRound(tuple(says(*each) for each in v6), configured),
    }
    named = Answered("natpmp", RouterWan(router_wan, 7), 0.001) if router_wan else None
    return Observation(at(0), 0.1, ip_address("192.168.0.1"), router, wan, named, MappingProxyType(echo))


BOTH = make_policy(families=(Family.IPV4, Family.IPV6))


def test_an_observation_becomes_an_assessment_of_both_families():
    inner = ip_address("100.64.3.2")
    seen = observed([(HOME, "a"), (HOME, "b")], v6=[(V6, "a"), (V6, "b")], router_wan=inner)
    assessment = assess(seen, fresh(), BOTH)
    assert (assessment.lan, assessment.wan, assessment.cgnat) == (Link.UP, Link.UP, True)
    assert assessment.public[Family.IPV4] == Agreed(HOME, ("a", "b"))
    assert assessment.public[Family.IPV6] == Agreed(ip_address(V6), ("a", "b"))
    assert assessment.router_wan == inner


def test_the_routers_word_is_a_veto_for_ipv4_and_says_nothing_of_ipv6():
    seen = observed([(HOME, "a"), (HOME, "b")], v6=[(V6, "a"), (V6, "b")], router_wan=MOVED)
    assessment = assess(seen, fresh(), BOTH)
    assert isinstance(assessment.public[Family.IPV4], Disputed)
    assert assessment.public[Family.IPV6] == Agreed(ip_address(V6), ("a", "b"))
    assert assessment.cgnat is False


@pytest.mark.parametrize("router_wan", [None, SILENT])
def test_a_router_that_was_not_asked_or_stayed_silent_has_no_word(router_wan):
    seen = replace(observed([(HOME, "a"), (HOME, "b")]), router_wan=router_wan)
    assessment = assess(seen, fresh(), make_policy())
    assert (assessment.router_wan, assessment.cgnat) == (None, False)
    assert assessment.public == {Family.IPV4: Agreed(HOME, ("a", "b"))}


def test_each_family_is_judged_by_what_was_expected_of_it():
    plans = {Family.IPV4: PLAN, Family.IPV6: EchoPlan(first=1, expected=ip_address(V6))}
    seen = observed([(HOME, "a")], v6=[(V6, "a")], configured=4)
    assert assess(seen, replace(fresh(), echo_plans=plans), BOTH).public == {
        Family.IPV4: Unchanged(HOME, "echo"),
        Family.IPV6: Unchanged(ip_address(V6), "echo"),
    }


def test_a_silent_router_is_judged_by_the_path_through_it():
    through = assess(observed([], router=SILENT), fresh(), make_policy())
    assert (through.lan, through.wan) == (Link.UNKNOWN, Link.UP)
    broken = assess(observed([], router=SILENT, wan=(SILENT,)), fresh(), make_policy())
    assert (broken.lan, broken.wan) == (Link.DOWN, Link.DOWN)


@given(
    st.lists(st.tuples(st.sampled_from([HOME, MOVED, "10.0.0.1", "8.8.8.8"]), st.sampled_from("abcdef")), max_size=8),
    st.integers(1, 4),
)
def test_whatever_is_agreed_on_has_its_quorum_of_operators_and_more_of_them_than_all_dissenters(answers, quorum):
    verdict = judge(*answers, quorum=quorum)
    if isinstance(verdict, Agreed):
        voices = {operator for address, operator in answers if ip_address(str(address)) == verdict.ip}
        dissent = {operator for address, operator in answers if ip_address(str(address)) != verdict.ip}
        assert len(voices) >= quorum
        assert len(voices - dissent) > len(dissent)


def test_a_round_that_was_spared_without_a_plan_says_nothing():
    assert judge(spared=True) == Unknown("no echo service was asked")
    assert judge(spared=True, plan=EchoPlan(first=1)) == Unknown("no echo service was asked")


@pytest.mark.parametrize("says_outside", [None, HOME])
@pytest.mark.parametrize("router", [None, "192.168.0.2", "100.72.14.3", str(HOME), str(MOVED)])
def test_of_an_address_that_was_spared_either_vouches_and_the_router_may_object(router, says_outside):
    plan = EchoPlan(first=1, expected=HOME, spare_if_router_says=HOME, spare_if_outside_says=says_outside)
    verdict = judge(router=router, plan=plan, spared=True)
    if says_outside is None or router == str(HOME):
        assert verdict == Unchanged(HOME, "router")
    elif router == str(MOVED):
        assert verdict == Disputed((HOME, MOVED), "the router names another public address", vetoed=True)
    else:
        assert verdict == Unchanged(HOME, "tripwire")


def test_what_else_was_seen_is_told_with_the_verdict():
    """The tripwire's fresh word, who was asked and answered, the power by the device that the settings name, the edge, the NAT."""
    plug = Answered("plug", PlugSeen(Identity("ours", "", ""), PowerReading(on=True)), 0.1)
    met_before = replace(fresh(), recovery=RecoveryMemory(identity="met before"))
    seen = observed([(HOME, "a"), (HOME, "b"), (HOME, "c")], router_wan=HOME)
    seen = replace(seen, outside=MappedAddress(MOVED, 3.0), plug=plug)
    told = assess(seen, met_before, make_policy(recovery=RecoveryPolicy(identity="ours")))
    assert (told.outside, told.nat, told.cgnat, told.router_edge) == (MOVED, Nat.OPEN, False, True)
    assert told.asked == {(Family.IPV4, operator): True for operator in "abc"}
    assert told.power == PowerView(plug=PowerReading(on=True), plug_id="ours")
    by_memory = assess(seen, met_before, make_policy())
    assert by_memory.power.plug == "another device answers: ours in place of met before"
    assert assess(replace(seen, outside=MappedAddress(MOVED, 20.0)), fresh(), make_policy()).outside is None
    silent = replace(seen, echo=MappingProxyType({Family.IPV4: EchoRound((SILENT,), 1)}))
    assert assess(silent, fresh(), make_policy()).asked == {(Family.IPV4, "s"): False}


@pytest.mark.parametrize(("router_wan", "shut_in"), [("100.72.14.3", True), ("192.168.0.2", True), (str(HOME), False)])
def test_a_router_behind_another_nat_is_told_while_the_path_fails_too(router_wan, shut_in):
    told = assess(observed([], router_wan=ip_address(router_wan), wan=(SILENT,)), fresh(), make_policy())
    assert (told.nat, told.cgnat) == (Nat.UNKNOWN, shut_in)
