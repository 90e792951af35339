"""Which of the intended actions this hour's budgets allow. The others are held, with their reason; the next cycles try again."""

from collections.abc import Sequence

from cadence_exporter.decide import budget
from cadence_exporter.model.decision import Action, Reconcile, Refusal, Refused
from cadence_exporter.model.instants import Now
from cadence_exporter.model.policy import Policy

Considered = Action | Refused | None


def within_budgets(considered: Sequence[Considered], calls: budget.Calls, now: Now, policy: Policy) -> list[Considered]:
    """Each action as it is, or refused because the service that it needs has had its calls of this hour."""
    left: dict[str, int] = {}
    return [
        each if each is None or isinstance(each, Refused) else _afford(each, left, calls, now, policy)
        for each in considered
    ]


def _afford(action: Action, left: dict[str, int], calls: budget.Calls, now: Now, policy: Policy) -> Considered:
    costs = {budget.TRUTH: policy.truths}
    if isinstance(action, Reconcile):
        costs[action.record.provider] = budget.PROVIDER_CALLS
    for service, cost in costs.items():
        has = left.setdefault(service, budget.left(calls, service, now.instant, policy))
        if has < cost:
            return Refused(action.record.key, Refusal.RATE_LIMITED, f"the calls to {service} of this hour are used up")
    for service, cost in costs.items():
        left[service] -= cost
    return action
