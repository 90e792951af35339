"""How long a new address took to be published, and to be seen by the resolvers. Measured, not claimed."""

from collections.abc import Iterator
from dataclasses import dataclass

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.decision import Reconcile
from cadence_exporter.model.instants import Now
from cadence_exporter.model.outcome import Outcome, Result
from cadence_exporter.model.record import RecordKey


@dataclass(frozen=True, slots=True)
class Arrival:
    """A new address reached one stage: ``published`` at the provider or ``visible`` at the resolvers."""

    record: RecordKey
    stage: str
    evidence_at: Now
    """The first evidence of the address."""
    at: Now

    @property
    def seconds(self) -> float:
        """From the first evidence of the new address."""
        return max(0.0, self.at.instant - self.evidence_at.instant)


def arrivals(cycle: Cycle) -> Iterator[Arrival]:
    """What arrived in this cycle."""
    for outcome in cycle.outcomes:
        action = outcome.action
        if isinstance(action, Reconcile) and outcome.wrote:
            yield Arrival(action.record.key, "published", action.evidence_at, outcome.at)
        seen = _visible(cycle, outcome)
        if seen is not None:
            yield seen


def _visible(cycle: Cycle, outcome: Outcome) -> Arrival | None:
    key = outcome.action.record.key
    before = cycle.before.records.get(key)
    change = None if before is None else before.change
    if change is None or change.published_at is None or change.address != outcome.action.address:
        return None
    if outcome.result not in (Result.VISIBLE, Result.VERIFIED):
        return None
    return Arrival(key, "visible", change.evidence_at, outcome.at)
