"""Which echo services the next observation asks: none, one in turn, or all. Quiet when healthy, everyone when in doubt."""

from cadence_exporter.decide.belief import is_confirmed
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Belief, EchoPlan, Phase
from cadence_exporter.model.policy import Policy


def plan(phase: Phase, belief: Belief, now: Now, policy: Policy) -> EchoPlan | None:
    """The plan for one family; None asks the whole panel."""
    if phase is not Phase.UP or belief.doubts or not is_confirmed(belief, policy):
        return None
    cross_check_due = belief.agreed_at is None or now.instant - belief.agreed_at >= policy.cross_check_s
    if belief.router_said is None:
        return EchoPlan(first=1, turn=belief.turn, expected=belief.confirmed)
    if cross_check_due:
        return EchoPlan(first=policy.quorum, turn=belief.turn, expected=belief.confirmed)
    return EchoPlan(first=1, turn=belief.turn, expected=belief.confirmed, spare_if_router_says=belief.router_said)
