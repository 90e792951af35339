"""What must never happen to the modem's power. They look at what the relay truly did."""

from typing import ClassVar

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.power import Proof
from cadence_exporter.model.recovery import EnsureOn, PowerResult
from cadence_exporter.simulate.checkers_occasion import NeverOnBattery, NotDuringMaintenance, OnlyWhenItMayHelp
from cadence_exporter.simulate.plug import Restores
from cadence_exporter.simulate.power import Cut
from cadence_exporter.simulate.power_checker import DAY_S, STORE_S, WIPED, PowerChecker
from cadence_exporter.simulate.promise import Watch

LATE_S = 5.0
"""How much longer than asked for the power may be off: what a call and a timer that rounds up take."""
LONGEST_COOLDOWN_S = 6 * 3600.0


class NotOffForLong(PowerChecker):
    """A timer that the device took ends it. Where it drops it, or never had one, Cadence does: alive, awake, and with it within reach."""

    promise: ClassVar[str] = (
        "the relay is never off longer than off_for and 5 s while the plug has mains, and on after every storm"
    )

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        spec = self.power.spec
        self._timer = spec.proof is Proof.TIMER and spec.restores is Restores.ON
        self._excused = False
        self._told_s = 0.0
        self._slept = 0.0

    def cut(self, cut: Cut) -> None:
        """See ``PowerChecker``."""
        del cut
        self._slept = self.world.clock.slept

    def cycle(self, cycle: Cycle) -> None:
        """See ``Checker``."""
        plug, limit_s = self.power.plug, self.recovery.off_for_s + LATE_S
        if self._timer:
            longest_s = plug.longest_armed_off_s
            if longest_s > max(limit_s, self._told_s):
                self._told_s = longest_s
                self.broken(f"off for {longest_s:.1f} s")
            return
        did, cuts = cycle.power, self.power.diary.cuts
        asleep = self.world.clock.slept > self._slept
        self._excused = self._excused or asleep or bool(cuts and self.power.trouble_at >= cuts[-1].at)
        off_s = plug.longest_off_s()
        if self._excused:
            self._excused = plug.off_s() > 0.0
            self._told_s = max(self._told_s, off_s)
        elif off_s > max(limit_s, self._told_s):
            self._told_s = off_s
            self.broken(f"off for {off_s:.1f} s, with somebody there to turn it on")
        if did and isinstance(did.action, EnsureOn) and did.result is PowerResult.SUCCESS and plug.off_s() > 0.0:
            self.broken("off after it was said to be on")

    def restart(self, memory: Memory) -> None:
        """While nobody was there, nobody could turn on what has no timer."""
        del memory
        self._excused = True

    def end(self) -> None:
        """After every storm the power is on."""
        if not self.power.plug.power_on:
            self.broken("the power is off after the storm and the calm")


class WithinPowerBudget(PowerChecker):
    """Of any 24 true hours."""

    promise: ClassVar[str] = "at most max_per_day bounces in any 24 hours, over restarts and clock jumps"

    def cut(self, cut: Cut) -> None:
        """See ``PowerChecker``."""
        recent = sum(cut.at - each.at < DAY_S for each in self.power.diary.cuts)
        if recent > self.recovery.max_per_day and not self.recently(WIPED, DAY_S):
            self.broken(f"{recent} bounces within a day")


class CooldownKept(PowerChecker):
    """The truth about how often in a row it did not help is counted apart from the product."""

    promise: ClassVar[str] = "no bounce within the cooldown, which doubles with each that did not help"

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._in_a_row = 0
        self._last: float | None = None

    def cut(self, cut: Cut) -> None:
        """See ``PowerChecker``."""
        if self._last is not None and not self.recently(WIPED, LONGEST_COOLDOWN_S):
            base = self.recovery.cooldown_s
            doubled = float(base * 2 ** min(self._in_a_row - 1, 10)) if self._in_a_row else base
            wanted = max(base, min(doubled, LONGEST_COOLDOWN_S))
            if cut.at - self._last < wanted:
                self.broken(f"{cut.at - self._last:.1f} s after the last one, {wanted:.0f} s were due")
        self._last = cut.at
        self._in_a_row += 1

    def cycle(self, cycle: Cycle) -> None:
        """See ``Checker``."""
        if cycle.memory.phase is Phase.UP:
            self._in_a_row = 0

    def restart(self, memory: Memory) -> None:
        """A store that was damaged knows the last bounce, and not how many there were before it."""
        del memory
        if self.recently("store", STORE_S):
            self._in_a_row = min(self._in_a_row, 1)


class LedgerFirst(PowerChecker):
    """Looked at when the relay moves."""

    promise: ClassVar[str] = "a bounce is in the ledger on disk before the relay moves"

    def cut(self, cut: Cut) -> None:
        """See ``PowerChecker``."""
        if not cut.noted:
            self.broken("the relay moved, and the ledger on disk knows nothing of it")


class OnlyOurs(PowerChecker):
    """Whose settings name no device and whose state directory was wiped meets whoever is there."""

    promise: ClassVar[str] = "no other device is ever switched, and a rehearsal switches nothing"

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._told = 0

    def cut(self, cut: Cut) -> None:
        """See ``PowerChecker``."""
        if self.recovery.device == "rehearsal" or (not self.recovery.enabled and not cut.by_hand):
            self.broken("the relay moved in a rehearsal, or with recovery switched off")

    def cycle(self, cycle: Cycle) -> None:
        """See ``Checker``."""
        del cycle
        if self.power.plug.stranger_switched > self._told:
            self._told = self.power.plug.stranger_switched
            if self.recovery.identity is not None or WIPED not in self.world.suspicions:
                self.broken("another device was switched")


class EveryRefusalHasAReason(PowerChecker):
    """In each cycle."""

    promise: ClassVar[str] = "while DOWN the power is cut, or each guardrail that refuses says why"

    def cycle(self, cycle: Cycle) -> None:
        """See ``Checker``."""
        decision = cycle.decision
        if any(not each.detail for each in decision.withheld):
            self.broken("a refusal without a reason")
        if cycle.memory.phase is Phase.DOWN and decision.power is None and not decision.withheld:
            self.broken("DOWN, nothing done and nothing said")
        if len({each.reason for each in decision.withheld}) != len(decision.withheld):
            self.broken("a reason counted twice")


POWER_CHECKERS: tuple[type[PowerChecker], ...] = (
    NotOffForLong,
    WithinPowerBudget,
    CooldownKept,
    OnlyWhenItMayHelp,
    NeverOnBattery,
    NotDuringMaintenance,
    LedgerFirst,
    OnlyOurs,
    EveryRefusalHasAReason,
)


def power_checkers(watch: Watch) -> list[PowerChecker]:
    """None in a home without recovery."""
    return [] if watch.world.power is None else [make(watch) for make in POWER_CHECKERS]
