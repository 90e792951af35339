"""When the modem's power must not be cut: against the truth about the line, the mains, and what people asked for."""

from typing import ClassVar

from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.recovery import Ask, Bounce
from cadence_exporter.simulate.power import Cut
from cadence_exporter.simulate.power_checker import DAY_S, STORE_S, WIPED, PowerChecker
from cadence_exporter.simulate.promise import Watch

SEEN_S = 30.0
"""Between what a look saw and the cut that follows from it: the look, the intent and the call."""


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
