"""What one observation means: links, votes, vetoes, and addresses that must never be published."""

from ipaddress import ip_address, ip_network
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.assess import path, public_ip
from cadence_exporter.assess.assess import assess
from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Agreed, Disputed, Link, NotPublic, Unchanged, Unknown
from cadence_exporter.model.memory import EchoPlan
from cadence_exporter.model.observation import (
    Answered,
    EchoAnswer,
    EchoRound,
    Failed,
    FailureReason,
    Observation,
    PathWorks,
    RouterAlive,
    RouterMethod,
    RouterWan,
)
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
    assert isinstance(judge((HOME, "a"), (MOVED, "b")), Disputed)
    verdict = judge((HOME, "a"), SILENT, SILENT)
    assert verdict == Unknown("only 1 of 2 independent voices; s: timeout; s: timeout")
    assert judge((HOME, "a")).why == "only 1 of 2 independent voices; no echo service answered"


def test_silence_is_unknown_with_its_reasons():
    assert judge(SILENT) == Unknown("s: timeout")
    assert judge() == Unknown("no echo service answered")


@pytest.mark.parametrize(
    ("address", "name"),
    [("100.64.0.9", "cgnat"), ("192.168.1.2", "private"), ("224.0.0.1", "multicast"), ("203.0.113.5", "documentation")],
)
def test_an_address_that_is_agreed_on_but_not_public_is_named(address, name):
    assert judge((address, "a"), (address, "b")) == NotPublic(ip_address(address), name)


def test_a_network_that_the_user_refuses_is_never_home():
    refused = (ip_network("93.184.0.0/16"),)
    assert judge((HOME, "a"), (HOME, "b"), refused_networks=refused) == NotPublic(HOME, "refused")
    assert isinstance(judge((MOVED, "a"), (MOVED, "b"), refused_networks=refused), Agreed)


def test_another_public_address_at_the_router_is_a_veto_but_a_private_one_is_only_another_nat():
    assert judge((HOME, "a"), (HOME, "b"), router=str(MOVED)) == Disputed(
        (HOME, MOVED), "the router names another public address"
    )
    for harmless in (str(HOME), "192.168.1.4", "100.70.0.1", "0.0.0.0"):
        assert isinstance(judge((HOME, "a"), (HOME, "b"), router=harmless), Agreed)


PLAN = EchoPlan(first=1, expected=HOME)


def test_one_voice_that_says_what_was_expected_keeps_the_belief():
    assert judge((HOME, "a"), plan=PLAN, configured=4) == Unchanged(HOME, "echo")


def test_one_voice_confirms_nothing_new_and_nothing_when_all_were_asked():
    assert isinstance(judge((MOVED, "a"), plan=PLAN, configured=4), Unknown)
    assert isinstance(judge((HOME, "a"), SILENT, plan=PLAN, configured=4), Unknown)
    assert isinstance(judge((HOME, "a"), plan=PLAN, configured=1), Unknown)
    assert isinstance(judge((HOME, "a"), plan=None, configured=4), Unknown)


def test_a_router_that_contradicts_the_one_voice_is_heard():
    assert isinstance(judge((HOME, "a"), plan=PLAN, configured=4, router=str(MOVED)), Disputed)


def test_a_spared_round_keeps_what_was_expected():
    assert judge(plan=PLAN, configured=4, spared=True) == Unchanged(HOME, "router")
    assert isinstance(judge(configured=4, spared=True), Unknown)


def test_one_wan_target_is_enough_and_only_all_failing_is_down():
    assert path.wan((SILENT, REACHED)) is Link.UP
    assert path.wan((SILENT, SILENT)) is Link.DOWN
    assert path.wan(()) is Link.DOWN


def test_a_silent_router_on_a_working_path_is_not_down():
    assert path.lan(ROUTER_UP, Link.DOWN) is Link.UP
    assert path.lan(SILENT, Link.UP) is Link.UNKNOWN
    assert path.lan(SILENT, Link.DOWN) is Link.DOWN


def test_an_observation_becomes_an_assessment_of_both_families():
    v6 = "2a00:1450:4001:81b::200e"
    observation = Observation(
        at=at(0),
        took_s=0.1,
        gateway=ip_address("192.168.0.1"),
        router=ROUTER_UP,
        wan=(REACHED,),
        router_wan=Answered("natpmp", RouterWan(ip_address("100.64.3.2"), 7), 0.001),
        echo=MappingProxyType(
            {
                Family.IPV4: EchoRound((says(HOME, "a"), says(HOME, "b")), 2),
                Family.IPV6: EchoRound((says(v6, "a"), says(v6, "b")), 2),
            }
        ),
    )
    assessment = assess(observation, fresh(), make_policy(families=(Family.IPV4, Family.IPV6)))
    assert (assessment.lan, assessment.wan, assessment.cgnat) == (Link.UP, Link.UP, True)
    assert assessment.public[Family.IPV4] == Agreed(HOME, ("a", "b"))
    assert assessment.public[Family.IPV6] == Agreed(ip_address(v6), ("a", "b"))
    assert assessment.router_wan == ip_address("100.64.3.2")


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
