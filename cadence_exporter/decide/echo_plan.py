"""Which echo services the next observation asks: none, one in turn, or all. Quiet when healthy, everyone when in doubt."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from cadence_exporter.decide import budget
from cadence_exporter.decide.belief import is_confirmed
from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Assessment, PublicAddress, Unchanged, Unknown
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Belief, EchoPlan, Memory, Phase
from cadence_exporter.model.policy import Policy

EAGER_LOOKS = 8
"""Unclear observations in a row, four minutes of them, in which everyone is asked each time: most quarrels are over by then."""
REST_LOOKS = 5
"""How many looks they then have a rest after each. A home whose two lines never agree would ask each service 120 times an hour,
for ever; like this it asks 20 times, as often as a healthy one looks."""


def plans(
    memory: Memory, phase: Phase, beliefs: Mapping[Family, Belief], assessment: Assessment, now: Now, policy: Policy
) -> Mapping[Family, EchoPlan]:
    """The plans for all families, within what is left of this hour's calls. A family that is missing asks the whole panel."""
    left = budget.left(memory.calls, budget.ECHO, now.instant, policy) - len(assessment.asked)
    spared_for_looks = policy.max_calls_per_hour.get(budget.ECHO, 0) * (1.0 - budget.HINTS_SHARE)
    made: dict[Family, EchoPlan] = {}
    for family, belief in beliefs.items():
        everyone = len(policy.echo.get(family, ()))
        if left < everyone:
            made[family] = _held(belief, settled=is_confirmed(belief, policy) and not belief.doubts)
            continue
        left -= everyone
        plan_ = plan(phase, family, belief, assessment, now, policy)
        if plan_ is not None:
            made[family] = replace(plan_, even_if_hinted=True) if left < spared_for_looks else plan_
        elif left < spared_for_looks:
            made[family] = _frugal(belief, policy)
    return MappingProxyType(made)


def at_start(memory: Memory, now: Now, policy: Policy) -> Memory:
    """Nothing is known, so the first look asks everyone: unless the calls of this hour were used up before the restart."""
    left = budget.left(memory.calls, budget.ECHO, now.instant, policy)
    held: dict[Family, EchoPlan] = {}
    for family in policy.families:
        left -= len(policy.echo.get(family, ()))
        if left < 0:
            held[family] = _held(Belief(), settled=False)
    return replace(memory, echo_plans=MappingProxyType(held)) if held else memory


def plan(
    phase: Phase, family: Family, belief: Belief, assessment: Assessment, now: Now, policy: Policy
) -> EchoPlan | None:
    """The plan for one family, whatever it costs; None asks the whole panel."""
    settled = is_confirmed(belief, policy) and not belief.doubts
    # A second family that is known stays quiet while the first one is argued over.
    if phase is not Phase.UP and (family is policy.families[0] or not settled):
        return _rest(family, belief, assessment) if _rests(belief) else None
    if not settled:
        return None
    if belief.router_said is None and belief.outside_said is None:
        return EchoPlan(first=1, turn=belief.turn, expected=belief.confirmed)
    if belief.agreed_at is None or now.instant - belief.agreed_at >= policy.cross_check_s:
        return EchoPlan(first=policy.quorum, turn=belief.turn, expected=belief.confirmed)
    return EchoPlan(
        first=1,
        turn=belief.turn,
        expected=belief.confirmed,
        spare_if_router_says=belief.router_said,
        spare_if_outside_says=belief.outside_said,
    )


def _rests(belief: Belief) -> bool:
    return belief.doubts >= EAGER_LOOKS and (belief.doubts - EAGER_LOOKS) % (REST_LOOKS + 1) < REST_LOOKS


def _rest(family: Family, belief: Belief, assessment: Assessment) -> EchoPlan:
    """Another word of the router's or the tripwire's ends the rest at once."""
    router_says = assessment.router_wan if family is Family.IPV4 else None
    outside_says = assessment.outside if family is Family.IPV4 else None
    return EchoPlan(
        0,
        belief.turn,
        spare_if_router_says=router_says,
        spare_if_outside_says=outside_says,
        meanwhile=assessment.public[family],
    )


def _frugal(belief: Belief, policy: Policy) -> EchoPlan:
    """Half of this hour's calls are gone: everyone is asked only when a quorum does not name the address that it last agreed on."""
    return EchoPlan(policy.quorum, belief.turn, belief.candidate, even_if_hinted=True)


def _held(belief: Belief, *, settled: bool) -> EchoPlan:
    """Nobody is asked, for the calls of this hour are used up: what is believed stays believed, and nothing new is."""
    if settled and belief.confirmed is not None:
        verdict: PublicAddress = Unchanged(belief.confirmed, "belief")
    else:
        verdict = Unknown("the calls to echo services of this hour are used up")
    return EchoPlan(0, belief.turn, belief.confirmed if settled else None, meanwhile=verdict, even_if_hinted=True)
