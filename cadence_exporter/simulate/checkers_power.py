"""What must never happen to the modem's power. They look at what the relay truly did, and at the truth about everything else."""

from typing import ClassVar

from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.power import Proof
from cadence_exporter.model.recovery import Ask, Bounce, EnsureOn, PowerResult
from cadence_exporter.simulate.plug import Restores
from cadence_exporter.simulate.power import Cut, Power
from cadence_exporter.simulate.promise import Checker, Watch
from cadence_exporter.simulate.services import PROBE_TIMEOUT_S

DAY_S = 86_400.0
LATE_S = 5.0
"""How much longer than asked for the power may be off: what a call and a timer that rounds up take."""
LONGEST_COOLDOWN_S = 6 * 3600.0
SEEN_S = 30.0
"""Between what a look saw and the cut that follows from it: the look, the intent and the call."""
WIPED = "store wiped"
STORE_S = 300.0
"""Between a damage of the store and the start that finds it."""


class PowerChecker(Checker):
    """A promise about the relay of one home."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        power = self.world.power
        if power is None:
            raise LookupError("a home without a plug")
        self.power: Power = power
        self.recovery = self.policy.recovery
        if type(self).cut is not PowerChecker.cut:
            power.watchers.append(self.cut)

    def cut(self, cut: Cut) -> None:
        """The relay was told to cut, and did."""

    def end(self) -> None:
        """The simulation is over."""


class NotOffForLong(PowerChecker):
    """A timer that the device took ends it. One that drops it unseen comes back when it can be reached.

    A switch that never had one, with Cadence alive and the switch within reach, comes back after one look more (at most two probes in a row).
    """

    promise: ClassVar[str] = (
        "the relay is never off longer than off_for and 5 s while the plug has mains, and on after every storm"
    )

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        spec = self.power.spec
        self._timer = spec.proof is Proof.TIMER and spec.restores is Restores.ON
        self._excused = False
        self._told_s = 0.0
        self._off_since: float | None = None

    def cycle(self, cycle: Cycle) -> None:
        """See ``Checker``."""
        plug, limit_s = (
            self.power.plug,
            self.recovery.off_for_s + LATE_S + (0.0 if self._timer else 2 * PROBE_TIMEOUT_S),
        )
        if self._timer:
            longest_s = plug.longest_armed_off_s
            if longest_s > max(limit_s, self._told_s):
                self._told_s = longest_s
                self.broken(f"off for {longest_s:.1f} s")
            return
        did = cycle.power
        if did and did.result not in (PowerResult.SUCCESS, PowerResult.REHEARSED):
            self._excused = True
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


class OnlyWhenItMayHelp(PowerChecker):
    """Against the truth about the line, and DOWN as cycles showed it."""

    promise: ClassVar[str] = (
        "power is cut only when the access line is broken and the connection DOWN for the escalation delay"
    )

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._down_since: float | None = None
        self._started = 0.0

    def cut(self, cut: Cut) -> None:
        """See ``PowerChecker``."""
        if cut.by_hand:
            return
        now = self.world.clock.monotonic()
        truths = self.world.way_out.truths
        if FaultLayer.ACCESS not in truths:
            self.broken(f"it is broken at {sorted(str(truth) for truth in truths)}")
        if self._down_since is None or now - self._down_since < self.recovery.escalation_s:
            self.broken(f"DOWN since {self._down_since}, it is {now}")
        if now - self._started < self.recovery.boot_grace_s:
            self.broken(f"{now - self._started:.0f} s after the start")

    def cycle(self, cycle: Cycle) -> None:
        """See ``Checker``."""
        if cycle.memory.phase is not Phase.DOWN:
            self._down_since = None
        elif self._down_since is None:
            self._down_since = cycle.began.instant
        power = cycle.decision.power
        if isinstance(power, Bounce) and not power.by_hand and cycle.memory.phase is not Phase.DOWN:
            self.broken(f"bounce while {cycle.memory.phase}")

    def restart(self, memory: Memory) -> None:
        """See ``Checker``."""
        del memory
        self._down_since, self._started = None, self.world.clock.monotonic()


class NeverOnBattery(PowerChecker):
    """Against the truth about the mains."""

    promise: ClassVar[str] = (
        "power is never cut while the UPS is on battery, or says nothing, or within the grace after it"
    )

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._seen_back: float | None = None
        self._was_on_battery = False

    def cut(self, cut: Cut) -> None:
        """What comes between the look and the cut is not seen."""
        ups, clock = self.power.ups, self.world.clock
        if ups is None:
            return
        gone = ups.mains_gone_at
        if gone is not None and clock.true - gone > SEEN_S:
            self.broken(f"on battery for {clock.true - gone:.0f} s")
        back = self._seen_back
        if back is not None and not cut.by_hand and clock.monotonic() - back < self.recovery.modem_boot_s:
            self.broken(f"mains back for {clock.monotonic() - back:.0f} s")

    def cycle(self, cycle: Cycle) -> None:
        """See ``Checker``."""
        on_mains = cycle.assessment.power.on_mains
        if on_mains is None:
            if cycle.power is not None and isinstance(cycle.power.action, Bounce) and self.power.ups is not None:
                self.broken("bounce with a UPS that says nothing")
            return
        if on_mains and self._was_on_battery:
            self._seen_back = cycle.began.instant
        self._was_on_battery = not on_mains

    def restart(self, memory: Memory) -> None:
        """See ``Checker``."""
        del memory
        self._seen_back = None


class NotDuringMaintenance(PowerChecker):
    """What a crash took before it was on disk is not held against anybody."""

    promise: ClassVar[str] = "nothing is changed during maintenance, over restarts too"

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._until = 0.0
        self._kept = 0.0
        self._heard = 0

    def cut(self, cut: Cut) -> None:
        """See ``PowerChecker``."""
        self._hear()
        if cut.at < self._until and not self.recently(WIPED, DAY_S):
            self.broken(f"cut {self._until - cut.at:.0f} s before maintenance ends")

    def cycle(self, cycle: Cycle) -> None:
        """See ``Checker``."""
        self._hear()
        if self.world.disk.acknowledged == cycle.memory.cycle:
            self._kept = self._until

    def _hear(self) -> None:
        asked = self.power.diary.asked
        for at, request in asked[self._heard :]:
            if request.ask is Ask.MAINTENANCE_ON:
                self._until = at + request.for_s
            elif request.ask is Ask.MAINTENANCE_OFF:
                self._until = 0.0
        self._heard = len(asked)

    def restart(self, memory: Memory) -> None:
        """See ``Checker``."""
        del memory
        self._heard = len(self.power.diary.asked)
        self._until = 0.0 if self.recently("store", STORE_S) else min(self._kept, self._until)


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
