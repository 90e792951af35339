"""What stands between the router and the world, by the router's word beside what the outside sees."""

from dataclasses import replace
from ipaddress import ip_address
from types import MappingProxyType

import pytest

from cadence_exporter.assess import nat
from cadence_exporter.assess.assess import assess
from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Agreed, Disputed, Link, Nat, Unchanged, Unknown
from cadence_exporter.model.memory import Belief
from cadence_exporter.model.observation import Answered, EchoAnswer, RouterWan
from tests.assess.test_fault import BNG, GATEWAY, PATH, PRIVATE, SHARED, echo, failed, look, memory, usual, voice
from tests.decide.cases import HOME, MOVED, at, make_policy

AGREED, UNCHANGED = Agreed(HOME, ("a", "b")), Unchanged(HOME, "router")
TWO = Disputed((HOME, MOVED), "the router names another public address", vetoed=True)


def says(address):
    return Answered("natpmp", RouterWan(address, 1), 0.004)


def doubting(doubts):
    belief = Belief(HOME, 2, at(0), HOME, at(0).wall, doubts=doubts)
    return replace(memory(), beliefs=MappingProxyType({Family.IPV4: belief}))


@pytest.mark.parametrize(
    ("said", "public", "kind"),
    [
        (HOME, AGREED, Nat.OPEN),
        (HOME, UNCHANGED, Nat.OPEN),
        (ip_address("100.72.14.3"), AGREED, Nat.CGNAT),
        (ip_address("192.168.0.2"), AGREED, Nat.DOUBLE),
        (ip_address("10.1.2.3"), Unknown("silence"), Nat.DOUBLE),
        (ip_address("169.254.3.4"), AGREED, Nat.UNKNOWN),
        (HOME, Unknown("silence"), Nat.UNKNOWN),
        (None, AGREED, Nat.UNKNOWN),
    ],
)
def test_the_routers_word_tells_the_kind(said, public, kind):
    assert nat.judge(look(router_wan=says(said)), Link.UP, public, memory()) is kind
    assert nat.judge(look(router_wan=says(said)), Link.DOWN, public, memory()) is Nat.UNKNOWN


def test_a_router_that_does_not_say_leaves_it_unknown():
    for silent in (None, failed()):
        assert nat.judge(look(router_wan=silent), Link.UP, AGREED, memory()) is Nat.UNKNOWN


@pytest.mark.parametrize(
    ("doubts", "kind"), [(0, Nat.UNKNOWN), (3, Nat.UNKNOWN), (4, Nat.MISMATCH), (50, Nat.MISMATCH)]
)
def test_two_public_addresses_are_a_mismatch_once_it_is_no_renumbering_any_more(doubts, kind):
    assert nat.judge(look(router_wan=says(MOVED)), Link.UP, TWO, doubting(doubts)) is kind


def test_echo_services_that_quarrel_among_themselves_are_no_mismatch():
    quarrel = Disputed((HOME, ip_address("93.184.0.9")), "echo services name different addresses")
    assert nat.judge(look(router_wan=says(MOVED)), Link.UP, quarrel, doubting(9)) is Nat.UNKNOWN


def test_a_router_that_is_one_side_of_a_quarrel_of_echo_services_does_not_make_it_a_mismatch():
    dissenter = Answered("https://b", EchoAnswer(MOVED, "b"), 0.1)
    seen = look(wan=PATH, echo=echo(voice("a"), dissenter), router_wan=says(MOVED))
    verdict = assess(seen, doubting(9), make_policy())
    assert isinstance(verdict.public[Family.IPV4], Disputed)
    assert (verdict.nat, verdict.cgnat) == (Nat.UNKNOWN, False)


@pytest.mark.parametrize(
    ("hop", "edge", "kind"),
    [
        (SHARED, False, Nat.CGNAT),
        (PRIVATE, False, Nat.DOUBLE),
        (BNG, False, Nat.UNKNOWN),
        (SHARED, None, Nat.UNKNOWN),
        (SHARED, True, Nat.UNKNOWN),
    ],
)
def test_a_router_that_hides_its_address_while_all_works_is_told_by_the_hop_behind_it(hop, edge, kind):
    before = memory(usual(GATEWAY, hop), router_edge=edge)
    assert nat.judge(look(router_wan=says(None)), Link.UP, AGREED, before) is kind


@pytest.mark.parametrize(
    ("said", "edge"), [(HOME, True), (ip_address("100.72.1.2"), True), (ip_address("10.0.0.2"), False), (None, False)]
)
def test_whether_the_router_is_the_edge_of_the_home(said, edge):
    assert nat.router_edge(look(router_wan=says(said)), Link.UP, AGREED) is edge
    for wan, public in ((Link.DOWN, AGREED), (Link.UP, TWO), (Link.UP, None)):
        assert nat.router_edge(look(router_wan=says(said)), wan, public) is None


def test_every_kind_that_shuts_the_home_in_is_shown_as_cgnat_detected():
    seen = look(wan=PATH, echo=echo(voice("a"), voice("b")), router_wan=says(MOVED))
    assert assess(seen, doubting(9), make_policy()).cgnat is True
    assert assess(replace(seen, router_wan=says(HOME)), doubting(0), make_policy()).cgnat is False


def test_a_router_that_names_another_public_address_than_a_clear_outside_is_not_open():
    assert nat.judge(look(router_wan=says(MOVED)), Link.UP, AGREED, memory()) is Nat.UNKNOWN


@pytest.mark.parametrize(
    ("path", "public"),
    [
        (None, AGREED),
        (usual(GATEWAY, SHARED), Unknown("silence")),
        (usual(GATEWAY), AGREED),
        (usual(GATEWAY, ip_address("169.254.3.4")), AGREED),
    ],
)
def test_a_router_that_hides_its_address_is_not_told_by_a_path_that_says_nothing(path, public):
    before = memory(path, router_edge=False)
    assert nat.judge(look(router_wan=says(None)), Link.UP, public, before) is Nat.UNKNOWN
