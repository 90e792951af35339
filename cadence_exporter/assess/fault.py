"""Where it broke: a table that is read from the top, nearest layer first. What the evidence does not tell is not guessed.

``access`` lets a modem's power be cut one day, so it takes the most: a router that is alive, an own link that works, and either a hop
right behind the router that usually answers and now nobody beyond the router does, or the router's own word that it has no address,
from a router that names one while the path works, and a trace in which no hop says otherwise: anybody on the LAN can forge that word.
"""

from collections.abc import Callable
from typing import NamedTuple

from cadence_exporter.assess.way_out import Reach, isp_answers_usually, reach
from cadence_exporter.model.assessment import CLEAR, FaultLayer, Link, PublicAddress, Unknown
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.observation import Answered, EchoAnswer, Failed, FailureReason, Observation, Reading
from cadence_exporter.model.operators import host_of, is_loopback, literal_of
from cadence_exporter.model.policy import Policy
from cadence_exporter.model.trace import Hop, Neighbour
from cadence_exporter.model.value import value

FAR_PROVIDERS = frozenset({"cloudflare"})
"""Providers out on the internet. A hosts file or a name server in the house may fail for reasons of its own."""
PROVIDER_FAILURES = 2
"""Attempts in a row: one may meet a bad moment."""


@value
class Evidence:
    """What the rules ask, and nothing else. What the rules of a working, or of a failing path do not ask is left as it is here."""

    path_works: bool
    link_works: bool | None = None
    """``None``: not looked at."""
    router_asked: bool = False
    """False: there is no gateway to ask."""
    router_alive: bool = False
    neighbour: Neighbour = Neighbour.UNKNOWN
    router_has_no_wan: bool = False
    """The router says that it has no address, and names one while the path works."""
    reach: Reach = Reach.UNKNOWN
    isp_answers_usually: bool = False
    names_fail: bool = False
    """The system's resolver finds no address."""
    targets_are_names: bool = False
    """The WAN targets failed only because their names did not resolve: that says nothing of the path."""
    heard_outside: bool = False
    """An echo service answered."""
    outside_silent: bool = False
    """All echo services were asked, and none answered as documented."""
    provider_fails: bool = False


ALL_IS_WELL = Evidence(path_works=True)


@value
class Rule:
    """When ``applies``, that is where it broke; ``layer`` ``None``: something broke, and it cannot be told where."""

    layer: FaultLayer | None
    why: str
    applies: Callable[[Evidence], bool]


WHILE_THE_PATH_WORKS = (
    Rule(FaultLayer.DNS, "names do not resolve, while packets come through", lambda e: e.names_fail),
    Rule(FaultLayer.REMOTE, "no echo service answers, while the path works", lambda e: e.outside_silent),
    Rule(FaultLayer.REMOTE, "the DNS provider does not do as it is asked", lambda e: e.provider_fails),
)

WHILE_THE_PATH_FAILS = (
    Rule(
        FaultLayer.DNS,
        "the WAN targets' names do not resolve, others answer",
        lambda e: e.targets_are_names and (e.heard_outside or e.reach is Reach.TARGET),
    ),
    Rule(FaultLayer.REMOTE, "the WAN targets fail, others answer", lambda e: e.heard_outside),
    Rule(
        FaultLayer.HOST,
        "this host has no link, no address or no route",
        lambda e: e.link_works is False,
    ),
    Rule(
        FaultLayer.LAN,
        "the router does not answer",
        lambda e: (
            e.router_asked
            and not e.router_alive
            and e.neighbour is not Neighbour.ANSWERS
            and e.reach in (Reach.UNKNOWN, Reach.NOWHERE)
        ),
    ),
    Rule(None, "packets arrive, connections do not: a portal, or a filter", lambda e: e.reach is Reach.TARGET),
    Rule(
        None,
        "it breaks behind a second router, in the house or at the ISP",
        lambda e: e.reach is Reach.HOUSE_OR_ISP,
    ),
    Rule(FaultLayer.ISP, "packets end at the ISP", lambda e: e.reach is Reach.ISP),
    Rule(FaultLayer.UPSTREAM, "packets end beyond the ISP", lambda e: e.reach is Reach.BEYOND),
    Rule(None, "the WAN targets' names do not resolve", lambda e: e.targets_are_names),
    Rule(None, "the router does not answer probes", lambda e: not e.router_alive),
    Rule(None, "this host's own link was not looked at", lambda e: e.link_works is not True),
    Rule(
        FaultLayer.ACCESS,
        "the router says that it has no WAN address",
        lambda e: e.router_has_no_wan and e.reach is Reach.ROUTER,
    ),
    Rule(
        FaultLayer.ACCESS,
        "packets end at the router; the hop behind it answers usually",
        lambda e: e.reach is Reach.ROUTER and e.isp_answers_usually,
    ),
    Rule(None, "packets end at the router, and whether a hop behind it ever answers is not known", lambda e: e.reach is Reach.ROUTER),
    Rule(None, "there is no trace of the path", lambda _: True),
)  # fmt: skip


class Finding(NamedTuple):
    """The layer, the rule that named it, and the last hop that answered while the path fails."""

    layer: FaultLayer | None
    why: str
    last_hop: Hop | None = None


NOTHING_BROKE = Finding(None, "")


def find(seen: Observation, wan: Link, public: PublicAddress | None, memory: Memory, policy: Policy) -> Finding:
    """Judge one observation. ``public`` is the verdict on the family that governs."""
    if wan is Link.UP:
        evidence, last_hop = _while_the_path_works(seen, public, memory, policy), None
    else:
        how_far, last_hop = reach(seen, memory)
        evidence = _while_the_path_fails(seen, memory, how_far)
    rule = name(evidence)
    return NOTHING_BROKE if rule is None else Finding(rule.layer, rule.why, last_hop)


def name(evidence: Evidence) -> Rule | None:
    """The first rule that applies; ``None``: nothing broke."""
    if evidence is ALL_IS_WELL:
        return None
    rules = WHILE_THE_PATH_WORKS if evidence.path_works else WHILE_THE_PATH_FAILS
    for rule in rules:
        if rule.applies(evidence):
            return rule
    return None


def _while_the_path_works(seen: Observation, public: PublicAddress | None, memory: Memory, policy: Policy) -> Evidence:
    names = _names_fail(seen)
    outside = isinstance(public, Unknown) and _outside_silent(seen, policy)
    provider = isinstance(public, CLEAR) and _provider_fails(memory, policy)
    if not (names or outside or provider):
        return ALL_IS_WELL
    return Evidence(path_works=True, names_fail=names, outside_silent=outside, provider_fails=provider)


def _while_the_path_fails(seen: Observation, memory: Memory, how_far: Reach) -> Evidence:
    said = seen.router_wan.value if isinstance(seen.router_wan, Answered) else None
    return Evidence(
        path_works=False,
        link_works=None if seen.link is None else seen.link.works,
        router_asked=seen.gateway is not None,
        router_alive=isinstance(seen.router, Answered) or said is not None,
        neighbour=Neighbour.UNKNOWN if seen.link is None else seen.link.neighbour,
        router_has_no_wan=said is not None and said.address is None and memory.router_edge is True,
        reach=how_far,
        isp_answers_usually=isp_answers_usually(seen, memory),
        targets_are_names=bool(seen.wan) and all(_is_dns(reading) for reading in seen.wan),
        heard_outside=any(isinstance(reading, Answered) for reading in _echoes(seen)),
    )


def _echoes(seen: Observation) -> list[Reading[EchoAnswer]]:
    return [reading for round_ in seen.echo.values() for reading in round_.readings]


def _outside_silent(seen: Observation, policy: Policy) -> bool:
    echoes = _echoes(seen)
    return len(echoes) >= policy.quorum and all(isinstance(reading, Failed) for reading in echoes)


def _names_fail(seen: Observation) -> bool:
    """A resolver that finds nothing, or keeps silent, unless a service that was asked by its name answered all the same."""
    if not isinstance(seen.names, Failed) or seen.names.reason not in (FailureReason.DNS, FailureReason.TIMEOUT):
        return False
    return not any(isinstance(reading, Answered) and _is_name(host_of(reading.source)) for reading in _echoes(seen))


def _is_name(host: str) -> bool:
    return literal_of(host) is None and not is_loopback(host)


def _is_dns(reading: object) -> bool:
    return isinstance(reading, Failed) and reading.reason is FailureReason.DNS


def _provider_fails(memory: Memory, policy: Policy) -> bool:
    for spec in policy.records:
        record = memory.records.get(spec.key)
        failing = record is not None and record.failures >= PROVIDER_FAILURES and record.refusal is None
        if failing and spec.provider in FAR_PROVIDERS:
            return True
    return False
