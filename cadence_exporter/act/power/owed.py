"""Power that is owed: what is off by our hand is turned on when it is due, whatever becomes of the cycle meanwhile."""

from dataclasses import replace

from cadence_exporter.decide import ledger, recovery
from cadence_exporter.equipment import Equipment
from cadence_exporter.model.instants import Instant, Now, later
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.policy import Policy
from cadence_exporter.model.recovery import EnsureOn, PowerOutcome
from cadence_exporter.model.wakeup import Wakeup
from cadence_exporter.seams import Clock, Doorbell


class Owed:
    """Of the loop's thread. Each method that touches the switch returns the memory with what came of it."""

    def __init__(self, clock: Clock, doorbell: Doorbell) -> None:
        self._clock = clock
        self._doorbell = doorbell
        self.untold: PowerOutcome | None = None
        """What was done outside of a cycle that was recorded; it is told with the next one."""

    def hold(self, wakeup: Wakeup, memory: Memory, policy: Policy) -> Wakeup:
        """No look begins that could still be under way when power is due: a device may have no timer, or have lost it.

        Who rings meanwhile is heard after it. New settings are taken at once, for they end the bounce.
        """
        cut = memory.recovery.unfinished
        if cut is None or not cut.real or not memory.recovery.can_be_ended(policy.recovery):
            return wakeup
        while not (wakeup.stops or wakeup.reloads) and self._clock.monotonic() < cut.due:
            wakeup = Wakeup(wakeup.reasons | self._doorbell.wait(cut.due).reasons)
        return wakeup

    def when_due(self, memory: Memory, now: Now, equipment: Equipment) -> Memory:
        """Before anything is looked at: a look takes as long as its slowest probe."""
        owed = recovery.owed(memory.recovery, memory.started, now)
        return memory if owed is None else self._end(memory, owed, equipment)

    def before_handing_over(self, memory: Memory, equipment: Equipment) -> Memory:
        """Only the old switch can end the bounce that it began: new settings may name another one, or none."""
        unfinished = memory.recovery.unfinished
        return memory if unfinished is None else self._end(memory, EnsureOn(unfinished), equipment)

    def _end(self, memory: Memory, owed: EnsureOn, equipment: Equipment) -> Memory:
        if not memory.recovery.can_be_ended(equipment.policy.recovery):
            return memory
        self.untold = equipment.power(owed)
        return replace(memory, recovery=ledger.after(memory.recovery, self.untold))


def look_after_a_bug(memory: Memory, began: Instant, policy: Policy) -> Instant:
    """The next look after a cycle that came to nothing: power that is due does not wait for it."""
    look, unfinished = later(began, policy.interval_s), memory.recovery.unfinished
    return look if unfinished is None or unfinished.due <= began else min(look, unfinished.due)
