"""The state directory of the pretend host. What is lost at a restart is what the production store loses: its own mapping is used."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from cadence_exporter.errors import StateUnavailable
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import Boot, Instant, Now, WallTime, later
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.recovery import EMPTY_LEDGER, Bounce
from cadence_exporter.record.metrics.tally import CounterKey, counts
from cadence_exporter.record.state.image import (
    Running,
    counter_rows,
    counters_of,
    memory_of,
    memory_rows,
    running_rows,
)
from cadence_exporter.record.state.ledger_rows import doubted, ledger_of, ledger_rows
from cadence_exporter.record.state.state_clock import StateClock
from cadence_exporter.simulate.ills import Ills

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

COPY_AFTER_COMMITS = 500
COPY_AFTER_S = 86_400.0
"""As often as the production store renews its good copy; besides, each start does."""
SLACK_S = 15.0
NOTED_S = 60.0
_NO_COUNTERS: Mapping[CounterKey, float] = MappingProxyType({})
_NO_SECONDS: Mapping[Phase, float] = MappingProxyType({})
HOUR_S = 3600.0


class _Image(NamedTuple):
    """What is on the disk."""

    memory: Memory
    counters: Mapping[CounterKey, float]
    seconds: Mapping[Phase, float]
    running: Running
    calls: tuple[tuple[str, WallTime], ...] = ()
    """Service and time of each call of the last hour."""
    written: "_Written | None" = None
    """When, on all clocks; ``None`` when there is no ledger of power."""


class _Written(NamedTuple):
    """A clock that stands at the moment of a commit: ages on the disk are counted from there."""

    at: Now
    boot: Boot

    def now(self) -> Now:
        return self.at

    def since_boot(self) -> Boot:
        return self.boot

    def monotonic(self) -> Instant:
        return self.at.instant

    def wall(self) -> WallTime:
        return self.at.wall


class Disk:
    """Implements ``seams.StateStore``. Atomic, like a transaction: a commit is there or it is not."""

    def __init__(self, world: "World", *, tally: bool) -> None:
        self._world = world
        self._tally = tally
        self.ills: Ills[str] = Ills()
        """Full, read-only, gone."""
        self.acknowledged = 0
        """The last cycle whose commit was acknowledged."""
        self._image: _Image | None = None
        self._copy: _Image | None = None
        self._calls: tuple[tuple[str, WallTime], ...] = ()
        self._commits_since_copy = 0
        self._copied_at = world.clock.monotonic()
        self._counters: dict[CounterKey, float] = {}
        self._running = Running(Phase.INIT, SLACK_S, clean=False)
        self._seconds = StateClock(world.clock, Phase.INIT, SLACK_S)
        self.up = True
        self._restored = self._lost = self._copied = False

    def load(self, now: Now) -> Memory:
        """See the seam."""
        found = self._image
        memory = Memory(Phase.INIT, now)
        self._calls = () if found is None else found.calls
        if found is not None:
            memory = replace(memory_of(memory_rows(found.memory), now), calls=_on_this_clock(found.calls, now))
            if found.written is not None:
                rows = ledger_rows(found.memory.recovery, found.written)
                memory = replace(memory, recovery=ledger_of(rows, now, self._world.clock))
        memory = replace(doubted(memory, now, lost=self._lost, restored=self._restored), on_disk=not self.ills.active)
        self._lost = self._restored = False
        self._running = Running(Phase.INIT, SLACK_S, clean=False)
        if self._tally:
            self._restore_counters(found)
        image = self._as_image(memory)
        if not self.ills.active:
            self._renew_copy()
            self._image = image
        return memory

    def commit(self, cycle: Cycle) -> None:
        """See the seam."""
        world = self._world
        if cycle.calls:
            wall = cycle.ended.wall
            self._calls = tuple([each for each in self._calls if each[1] >= wall - HOUR_S])
            self._calls += tuple([(call.service, wall) for call in cycle.calls])
        if self._tally:
            for key, amount in counts(cycle):
                self._counters[key] = self._counters.get(key, 0.0) + amount
            wait_s = max(0.0, cycle.decision.next_look - cycle.ended.instant)
            self._running = Running(cycle.memory.phase, wait_s + SLACK_S, clean=False)
        world.step()
        self._write(self._as_image(cycle.memory))
        self.acknowledged = cycle.memory.cycle
        cut = cycle.power is not None and isinstance(cycle.power.action, Bounce)
        if cut or self._commits_since_copy >= COPY_AFTER_COMMITS or self._copy_is_old():
            self._renew_copy()
        world.step()

    def commit_intent(self, memory: Memory) -> None:
        """See the seam. Like the production store: the records and the ledger of power, and nothing else of ``memory``."""
        self._world.step()
        before = self._image or self._as_image(Memory(Phase.INIT, memory.since))
        kept = replace(before.memory, records=memory.records, recovery=memory.recovery)
        self._write(before._replace(memory=kept, written=self._now_written(memory)))
        self._world.step()

    def fall_back(self, *, to_copy: bool) -> None:
        """The file is broken: the next start finds the last good copy, or nothing at all."""
        self._image = self._copy if to_copy else None
        self._restored, self._lost = to_copy and self._copied, to_copy and not self._copied
        self.acknowledged = 0

    def has_noted_a_bounce(self) -> bool:
        """Whether what is on the disk says that the power may be off since a moment ago."""
        ledger = None if self._image is None else self._image.memory.recovery
        if ledger is None or ledger.unfinished is None or not ledger.bounces:
            return False
        return self._world.clock.monotonic() - ledger.bounces[-1].instant < NOTED_S

    def counters(self) -> Mapping[CounterKey, float]:
        """As of the last commit."""
        return self._counters

    def state_seconds(self) -> Mapping[Phase, float]:
        """Right now."""
        return self._seconds.seconds()

    def _write(self, image: _Image) -> None:
        self.up = not self.ills.active
        if self.ills.active:
            self._world.suspect("disk")
            raise StateUnavailable(self.ills.active[-1])
        self._image = image
        self._commits_since_copy += 1

    def _as_image(self, memory: Memory) -> _Image:
        if not self._tally:
            return _Image(memory, _NO_COUNTERS, _NO_SECONDS, self._running, self._calls, self._now_written(memory))
        seconds = self._seconds.hold(self._running.phase, self._running.allowance_s)
        self._seconds.release()
        written = self._now_written(memory)
        return _Image(memory, dict(self._counters), dict(seconds), self._running, self._calls, written)

    def _now_written(self, memory: Memory) -> _Written | None:
        if memory.recovery is EMPTY_LEDGER:
            return None
        return _Written(self._world.clock.now(), self._world.clock.since_boot())

    def _copy_is_old(self) -> bool:
        return self._world.clock.monotonic() - self._copied_at >= COPY_AFTER_S

    def _renew_copy(self) -> None:
        self._copy, self._copied = self._image, True
        self._commits_since_copy = 0
        self._copied_at = self._world.clock.monotonic()

    def _restore_counters(self, found: _Image | None) -> None:
        """As the production store does after an unclean stop: what may have been shown already is in it."""
        rows = {} if found is None else counter_rows(found.counters, found.seconds) | running_rows(found.running)
        counters, seconds = counters_of(rows)
        self._counters = counters
        self._seconds = StateClock(self._world.clock, Phase.INIT, SLACK_S)
        self._seconds.restore(seconds)


def _on_this_clock(calls: tuple[tuple[str, WallTime], ...], now: Now) -> tuple[tuple[str, Instant], ...]:
    """As the production store reads them: dated in the future counts as just made."""
    return tuple(
        (service, later(now.instant, -max(0.0, now.wall - wall))) for service, wall in calls if now.wall - wall < HOUR_S
    )
