"""What must never happen to the state and around outages: how one falls and climbs, how long it was, and where it is said to be."""

from collections.abc import Set as AbstractSet
from typing import ClassVar

from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.observation import Answered
from cadence_exporter.simulate.promise import Checker

_WHERE_TO = {
    Phase.INIT: (Phase.DEGRADED,),
    Phase.DOWN: (Phase.DEGRADED,),
    Phase.DEGRADED: (Phase.DEGRADED, Phase.UP),
    Phase.UP: (Phase.UP, Phase.DEGRADED),
}
"""With a working path; without one there is but one way."""
_DOWN = (Phase.DOWN,)


class PhaseTable(Checker):
    """The state machine, from outside."""

    promise: ClassVar[str] = (
        "falls at once and climbs one rung a cycle; UP only with a working path and a confirmed address"
    )

    def cycle(self, cycle: Cycle) -> None:
        """See ``Checker``."""
        before, after = cycle.before.phase, cycle.memory.phase
        path = any(isinstance(reading, Answered) for reading in cycle.observation.wan)
        if after not in (_WHERE_TO[before] if path else _DOWN):
            self.broken(f"{before} -> {after} with the path {'up' if path else 'down'}")
        evidence, streak = self.evidence, self.evidence.streak(self.policy.families[0])
        if streak < self.policy.confirmations and after is Phase.UP and (before is not Phase.UP or evidence.doubts > 1):
            self.broken(f"up after {streak} agreeing observations, {evidence.doubts} doubts")

    def restart(self, memory: Memory) -> None:
        """See ``Checker``."""
        if memory.phase is not Phase.INIT:
            self.broken(f"begins in {memory.phase}")


class OutagesAddUp(Checker):
    """Outages, counted apart from the product."""

    promise: ClassVar[str] = "an outage begins once, ends once, and lasted as long as it did"

    def cycle(self, cycle: Cycle) -> None:
        """See ``Checker``."""
        before, decision = cycle.before.outage, cycle.decision
        if decision.outage_began is not None and before is not None:
            self.broken("a second outage inside the first")
        if decision.outage_ended is not None:
            if before is None or cycle.memory.phase is not Phase.UP:
                self.broken("an outage ended that had not begun, or before UP")
            if decision.outage_ended.seconds < 0:
                self.broken(f"an outage of {decision.outage_ended.seconds} s")
        if cycle.memory.outage is not None and cycle.memory.phase is Phase.UP:
            self.broken("UP within an outage")


class NamesTheRightLayer(Checker):
    """A trace may be two minutes old: then what was true when it was made may be said. To say nothing is always allowed."""

    promise: ClassVar[str] = "names no layer but the one where it is broken"

    def cycle(self, cycle: Cycle) -> None:
        """See ``Checker``."""
        named, truths = cycle.assessment.fault, self.world.way_out.truths
        if named is None:
            return
        if named in (FaultLayer.DNS, FaultLayer.REMOTE):
            if None not in truths:
                self.broken(f"{named} ({cycle.assessment.fault_why}), and it is broken at {_told(truths)}")
        elif named not in truths:
            self.broken(f"{named} ({cycle.assessment.fault_why}), and it is broken at {_told(truths)}")


def _told(truths: AbstractSet[FaultLayer | None]) -> str:
    return ", ".join(sorted(str(truth or "nothing") for truth in truths))
