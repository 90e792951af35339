"""Which echo services the next observation asks: none, one in turn, or all. Quiet when healthy, everyone when in doubt."""

from cadence_exporter.decide.belief import is_confirmed
from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Assessment
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Belief, EchoPlan, Phase
from cadence_exporter.model.policy import Policy

EAGER_LOOKS = 8
"""Unclear observations in a row, four minutes of them, in which everyone is asked each time: most quarrels are over by then."""
REST_LOOKS = 5
"""How many looks they then have a rest after each. A home whose two lines never agree would ask each service 120 times an hour,
for ever; like this it asks 20 times, as often as a healthy one looks."""


def plan(
    phase: Phase, family: Family, belief: Belief, assessment: Assessment, now: Now, policy: Policy
) -> EchoPlan | None:
    """The plan for one family; None asks the whole panel."""
    settled = is_confirmed(belief, policy) and not belief.doubts
    # A second family that is known stays quiet while the first one is argued over.
    if phase is not Phase.UP and (family is policy.families[0] or not settled):
        return _rest(family, belief, assessment) if _rests(belief) else None
    if not settled:
        return None
    cross_check_due = belief.agreed_at is None or now.instant - belief.agreed_at >= policy.cross_check_s
    if belief.router_said is None:
        return EchoPlan(first=1, turn=belief.turn, expected=belief.confirmed)
    if cross_check_due:
        return EchoPlan(first=policy.quorum, turn=belief.turn, expected=belief.confirmed)
    return EchoPlan(first=1, turn=belief.turn, expected=belief.confirmed, spare_if_router_says=belief.router_said)


def _rests(belief: Belief) -> bool:
    return belief.doubts >= EAGER_LOOKS and (belief.doubts - EAGER_LOOKS) % (REST_LOOKS + 1) < REST_LOOKS


def _rest(family: Family, belief: Belief, assessment: Assessment) -> EchoPlan:
    """Another word of the router's ends the rest at once."""
    router_says = assessment.router_wan if family is Family.IPV4 else None
    return EchoPlan(0, belief.turn, spare_if_router_says=router_says, meanwhile=assessment.public[family])
