"""THE loop: observe, assess, decide, act, record; then wait until it is time, or until somebody rings."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from cadence_exporter.act.power.owed import Owed, look_after_a_bug
from cadence_exporter.assess.assess import assess
from cadence_exporter.decide import ledger
from cadence_exporter.decide.decide import decide
from cadence_exporter.decide.echo_plan import at_start
from cadence_exporter.decide.remember import doubt_changed, remember
from cadence_exporter.equipment import Equipment, Surroundings
from cadence_exporter.errors import StateUnavailable
from cadence_exporter.model.assessment import Assessment
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.decision import Decision
from cadence_exporter.model.instants import Instant, Now
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.observation import Observation
from cadence_exporter.model.outcome import Done
from cadence_exporter.model.recovery import Bounce, Request, unnoted
from cadence_exporter.model.wakeup import Reason, Wakeup

T = TypeVar("T")

BUGS_IN_A_ROW = 3
"""So many broken decisions in a row end the process: its supervisor restarts it, and somebody notices."""


class Loop:
    """One deciding thread that owns all state."""

    def __init__(
        self, around: Surroundings, equipment: Equipment, memory: Memory, reload: Callable[[], Equipment | None]
    ) -> None:
        """``memory`` is what the store loaded. ``reload`` reads the settings again; None keeps the equipment as it is."""
        self.around = around
        self.equipment = equipment
        now = around.clock.now()
        self.memory = replace(at_start(memory, now, equipment.policy), started=now.instant)
        self._reload = reload
        self._bugs = 0
        self._unheard: tuple[Request, ...] = ()
        """Taken in a cycle that came to nothing."""
        self._owed = Owed(around.clock, around.doorbell)
        self.ended_because: str | None = None
        """Why it stopped by itself."""

    def run(self) -> None:
        """Cycle until somebody rings STOP."""
        wakeup = Wakeup(frozenset({Reason.START}))
        while not wakeup.stops:
            if wakeup.reloads:
                self._replace_equipment()
            next_look = self.cycle(wakeup)
            wakeup = self._owed.hold(self.around.doorbell.wait(next_look), self.memory, self.equipment.policy)

    def cycle(self, wakeup: Wakeup) -> Instant:
        """One turn. Returns when the next one is due."""
        began = self.around.clock.now()
        # The time beside the number: a turn in which a bug was met is not counted, and a state directory may be lost.
        cycle_id = f"{self.memory.cycle + 1}-{int(began.wall) & 0xFFFFFF:06x}"
        self.around.entering(cycle_id)
        try:
            return self._turn(cycle_id, began, wakeup)
        finally:
            self.around.entering("")

    def _turn(self, cycle_id: str, began: Now, wakeup: Wakeup) -> Instant:
        around = self.around
        self.memory = before = self._owed.when_due(self.memory, began, self.equipment)
        draw = around.draw()
        requests = self._unheard = (*self._unheard, *around.requests())
        observation = self.equipment.crew.observe(began, before, hinted=wakeup.asks_everyone)
        if around.doorbell.stopping:
            return began.instant
        observed = around.clock.monotonic()
        judged = self._judge(observation, began, draw, requests)
        if judged is None:
            return look_after_a_bug(self.memory, began.instant, self.equipment.policy)
        self._unheard = ()
        assessment, decision = judged
        decided = around.clock.monotonic()
        done = self._act(decision)
        ended = around.clock.now()
        calls = around.calls.drain()
        decision = remember(decision, done, ended, draw, calls, began.instant)
        self.memory = decision.memory
        cycle = Cycle(
            id=cycle_id,
            began=began,
            ended=ended,
            wakeup=wakeup,
            before=before,
            memory=decision.memory,
            observation=observation,
            assessment=assessment,
            decision=decision,
            outcomes=done.dns,
            power=done.power or self._owed.untold,
            calls=calls,
            phase_seconds=MappingProxyType(
                {
                    "observe": observed - began.instant,
                    "decide": decided - observed,
                    "act": ended.instant - decided,
                    "total": ended.instant - began.instant,
                }
            ),
        )
        self._owed.untold = None
        self._record(cycle)
        if decision.stop is not None:
            self.ended_because = decision.stop
            around.doorbell.ring(Reason.STOP)
        return decision.next_look

    def _replace_equipment(self) -> None:
        fresh = self._reload()
        if fresh is not None:
            settled = self._owed.before_handing_over(self.memory, self.equipment)
            self.memory = doubt_changed(settled, self.equipment.policy.records, fresh.policy.records)
            self.equipment.retire()
            self.equipment = fresh

    def _judge(
        self, observation: Observation, now: Now, draw: float, requests: Sequence[Request]
    ) -> tuple[Assessment, Decision] | None:
        """Assess and decide. They do no I/O, so whatever they raise is a bug: nothing is done, and it is counted."""
        stage = "assess"
        try:
            assessment = assess(observation, self.memory, self.equipment.policy)
            stage = "decide"
            decision = decide(self.memory, assessment, now, draw, self.equipment.policy, requests)
        except Exception as error:
            self.around.faults.caught(stage, error)
            self._bugs += 1
            if self._bugs >= BUGS_IN_A_ROW:
                raise
            return None
        self._bugs = 0
        return assessment, decision

    def _act(self, decision: Decision) -> Done:
        """Intent to disk first. A disk that refuses does not stop DNS from being put right, but nobody cuts the power without it."""
        if not decision.actions and decision.power is None:
            return Done()
        noted = self._on_disk(self.around.store.commit_intent, decision.memory)
        power = decision.power
        if power is None:
            return Done(self.equipment.perform(decision.actions))
        cut = (
            unnoted(power, self.around.clock.now())
            if isinstance(power, Bounce) and not noted
            else self.equipment.power(power)
        )
        return Done(self.equipment.perform(decision.actions), cut)

    def _record(self, cycle: Cycle) -> None:
        """On disk first, then told to everybody: what is shown was never lost."""
        on_disk = self._on_disk(self.around.store.commit, cycle)
        if on_disk is not self.memory.on_disk:
            self.memory = replace(self.memory, on_disk=on_disk)
        self._recall()
        for recorder in self.around.recorders:
            try:
                recorder.record(cycle)
            except Exception as error:  # noqa: BLE001 - a named border: one recorder's trouble is not the loop's
                self.around.faults.caught("record", error)

    def _recall(self) -> None:
        """The store could not be read at the start, and now it could."""
        found = self.around.recalled()
        if found is not None:
            self.memory = replace(self.memory, recovery=ledger.recalled(self.memory.recovery, found))

    def _on_disk(self, commit: Callable[[T], None], what: T) -> bool:
        try:
            commit(what)
        except StateUnavailable as error:
            self.around.faults.caught("commit", error)
            return False
        return True
