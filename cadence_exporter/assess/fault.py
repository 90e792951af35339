"""Where it broke: a table that is read from the top, nearest layer first. What the evidence does not tell is not guessed.

``access`` lets a modem's power be cut one day, so it takes the most: a router that is alive, an own link that works, and either a hop
right behind the router that usually answers and now nobody beyond the router does, or the router's own word that it has no address,
from a router that names one while the path works, and a trace in which no hop says otherwise: anybody on the LAN can forge that word.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from cadence_exporter.assess.way_out import Reach, isp_answers_usually, reach
from cadence_exporter.model.assessment import CLEAR, FaultLayer, Link, PublicAddress, Unknown
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.observation import Answered, Failed, FailureReason, Observation
from cadence_exporter.model.operators import host_of, is_loopback, literal_of
from cadence_exporter.model.policy import Policy
from cadence_exporter.model.trace import Hop, Neighbour

FAR_PROVIDERS = frozenset({"cloudflare"})
"""Providers out on the internet. A hosts file or a name server in the house may fail for reasons of its own."""
PROVIDER_FAILURES = 2
"""Attempts in a row: one may meet a bad moment."""


class Evidence(NamedTuple):
    """What the rules ask, and nothing else."""

    path_works: bool
    link_works: bool | None
    """``None``: not looked at."""
    router_asked: bool
    """False: there is no gateway to ask."""
    router_alive: bool
    neighbour: Neighbour
    router_has_no_wan: bool
    """The router says that it has no address, and names one while the path works."""
    reach: Reach
    isp_answers_usually: bool
    """Not looked at while the path works: then no rule asks."""
    names_fail: bool
    """The system's resolver finds no address."""
    targets_are_names: bool
    """The WAN targets failed only because their names did not resolve: that says nothing of the path."""
    heard_outside: bool
    """An echo service answered."""
    outside_silent: bool
    """All echo services were asked, and none answered as documented."""
    provider_fails: bool


@dataclass(frozen=True, slots=True)
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


def find(seen: Observation, wan: Link, public: PublicAddress | None, memory: Memory, policy: Policy) -> Finding:
    """Judge one observation. ``public`` is the verdict on the family that governs."""
    how_far, last_hop = (Reach.UNKNOWN, None) if wan is Link.UP else reach(seen, memory)
    evidence = gather(seen, wan, public, memory, policy, how_far)
    rule = name(evidence)
    return Finding(None, "") if rule is None else Finding(rule.layer, rule.why, last_hop)


def name(evidence: Evidence) -> Rule | None:
    """The first rule that applies; ``None``: nothing broke."""
    rules = WHILE_THE_PATH_WORKS if evidence.path_works else WHILE_THE_PATH_FAILS
    return next((rule for rule in rules if rule.applies(evidence)), None)


def gather(
    seen: Observation, wan: Link, public: PublicAddress | None, memory: Memory, policy: Policy, how_far: Reach
) -> Evidence:
    """The answers to what the rules ask."""
    echoes = [reading for round_ in seen.echo.values() for reading in round_.readings]
    failed = [reading for reading in echoes if isinstance(reading, Failed)]
    said = seen.router_wan.value if isinstance(seen.router_wan, Answered) else None
    return Evidence(
        path_works=wan is Link.UP,
        link_works=None if seen.link is None else seen.link.works,
        router_asked=seen.gateway is not None,
        router_alive=isinstance(seen.router, Answered) or said is not None,
        neighbour=Neighbour.UNKNOWN if seen.link is None else seen.link.neighbour,
        router_has_no_wan=said is not None and said.address is None and memory.router_edge is True,
        reach=how_far,
        isp_answers_usually=wan is not Link.UP and isp_answers_usually(seen, memory),
        names_fail=_names_fail(seen),
        targets_are_names=bool(seen.wan) and all(_is_dns(reading) for reading in seen.wan),
        heard_outside=len(failed) < len(echoes),
        outside_silent=isinstance(public, Unknown) and len(failed) == len(echoes) >= policy.quorum,
        provider_fails=isinstance(public, CLEAR) and _provider_fails(memory, policy),
    )


def _names_fail(seen: Observation) -> bool:
    """A resolver that finds nothing, or keeps silent, unless a service that was asked by its name answered all the same."""
    by_name = (
        isinstance(reading, Answered) and _is_name(host_of(reading.source))
        for round_ in seen.echo.values()
        for reading in round_.readings
    )
    of_resolver = isinstance(seen.names, Failed) and seen.names.reason in (FailureReason.DNS, FailureReason.TIMEOUT)
    return of_resolver and not any(by_name)


def _is_name(host: str) -> bool:
    return literal_of(host) is None and not is_loopback(host)


def _is_dns(reading: object) -> bool:
    return isinstance(reading, Failed) and reading.reason is FailureReason.DNS


def _provider_fails(memory: Memory, policy: Policy) -> bool:
    return any(
        spec.provider in FAR_PROVIDERS
        and (record := memory.records.get(spec.key)) is not None
        and record.refusal is None
        and record.failures >= PROVIDER_FAILURES
        for spec in policy.records
    )
