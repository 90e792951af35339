"""The state directory of the pretend host. What is lost at a restart is what the production store loses: its own mapping is used."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cadence_exporter.errors import StateUnavailable
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.record.metrics.tally import CounterKey, counts
from cadence_exporter.record.state.image import (
    Running,
    counter_rows,
    counters_of,
    memory_of,
    memory_rows,
    running_rows,
)
from cadence_exporter.record.state.marks import Marks
from cadence_exporter.record.state.state_clock import StateClock
from cadence_exporter.simulate.ills import Ills

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

COPY_AFTER_COMMITS = 500
"""As often as the production store renews its good copy."""
SLACK_S = 15.0


class Disk:
    """Implements ``seams.StateStore`` and ``record.metrics.Ledger``. Atomic, like a transaction: a commit is there or it is not."""

    def __init__(self, world: "World", *, tally: bool) -> None:
        self._world = world
        self._tally = tally
        self.ills: Ills[str] = Ills()
        """Full, read-only, gone."""
        self.saved: Memory | None = None
        self.acknowledged = 0
        """The last cycle whose commit was acknowledged."""
        self.commits = 0
        self._copy: Memory | None = None
        self._counters: dict[CounterKey, float] = {}
        self._saved_counters: dict[CounterKey, float] = {}
        self._held: dict[Phase, float] = {}
        self._saved_seconds: dict[Phase, float] = {}
        self._running = self._next_running = Running(Phase.INIT, 0.0, clean=False)
        self._seconds = StateClock(world.clock, Phase.INIT, SLACK_S)
        self.up = True
        self.marks = Marks()

    def load(self, now: Now) -> Memory:
        """See the seam."""
        if self._tally:
            self._restore_counters()
        if self.saved is None:
            return Memory(Phase.INIT, now)
        return memory_of(memory_rows(self.saved), now)

    def commit(self, cycle: Cycle) -> None:
        """See the seam."""
        world = self._world
        if self._tally:
            self._count(cycle)
        world.step()
        self._write(cycle.memory)
        self.acknowledged = cycle.memory.cycle
        if self._tally:
            self._saved_counters = dict(self._counters)
            self._saved_seconds, self._running = self._held, self._next_running
        if self.commits % COPY_AFTER_COMMITS == 0:
            self._copy = cycle.memory
        world.step()

    def commit_intent(self, memory: Memory) -> None:
        """See the seam."""
        self._world.step()
        self._write(memory)
        self._world.step()

    def fall_back(self, *, to_copy: bool) -> None:
        """The file is broken: the next start finds the last good copy, or nothing at all."""
        self.saved = self._copy if to_copy else None
        self.acknowledged = 0

    def counters(self) -> Mapping[CounterKey, float]:
        """See ``record.metrics.Ledger``."""
        return self._counters

    def state_seconds(self) -> Mapping[Phase, float]:
        """See ``record.metrics.Ledger``."""
        return self._seconds.seconds()

    def _write(self, memory: Memory) -> None:
        self.up = not self.ills.active
        if self.ills.active:
            self._world.suspect("disk")
            raise StateUnavailable(self.ills.active[-1])
        self.saved = memory
        self.commits += 1

    def _count(self, cycle: Cycle) -> None:
        for key, amount in counts(cycle):
            self._counters[key] = self._counters.get(key, 0.0) + amount
        wait_s = max(0.0, cycle.decision.next_look - cycle.ended.instant)
        self._next_running = Running(cycle.memory.phase, wait_s + SLACK_S, clean=False)
        self._held = self._seconds.hold(cycle.memory.phase, self._next_running.allowance_s)
        self._seconds.release()

    def _restore_counters(self) -> None:
        """As the production store does after an unclean stop: what may have been shown already is in it."""
        self._counters = dict(self._saved_counters)
        rows = counter_rows(self._saved_counters, self._saved_seconds) | running_rows(self._running)
        _, seconds = counters_of(rows)
        self._seconds = StateClock(self._world.clock, Phase.INIT, SLACK_S)
        self._seconds.restore(seconds)
