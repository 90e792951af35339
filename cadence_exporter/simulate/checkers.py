"""What must never happen, each promise a class. They read cycles and the world, and nothing of how the product works inside."""

from collections import deque
from typing import ClassVar

from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.decision import ConfirmVisible
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.outcome import Operation, Result
from cadence_exporter.model.ranges import special_range
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.simulate.checkers_state import NamesTheRightLayer, OutagesAddUp, PhaseTable
from cadence_exporter.simulate.faults_services import LONGEST_LAG_S
from cadence_exporter.simulate.promise import Checker, Watch
from cadence_exporter.simulate.zone import Write

DAY_S = 86_400.0
HOUR_S = 3600.0
JUST_READ_S = 5.0
SUSPECT_FOR_S = 25 * 3600.0
"""After the store was lost or the clock jumped, writes of the last day may be forgotten: then resolvers may be trusted too early."""


class OnlyTrueAddresses(Checker):
    """Fault model: fewer than ``quorum`` echo operators lie at a time; those that lag do so by a bounded time."""

    promise: ClassVar[str] = "writes only an address that was truly the home's within the last 80 minutes"

    def write(self, write: Write) -> None:
        policy = self.policy
        # An address agreed on is kept while one voice or the router says that it stays, until the next cross-check.
        window_s = policy.cross_check_s + LONGEST_LAG_S + 2 * (policy.interval_s * policy.slow_factor + policy.jitter_s)
        if not self.world.line.was_ours(write.address, window_s):
            self.broken(f"{write.operation} {write.key} to {write.address}, home is {self.world.line.ours_now()}")


class OnlyPublicAddresses(Checker):
    promise: ClassVar[str] = "writes only public addresses of the right family, and none that the user refused"

    def write(self, write: Write) -> None:
        refused = any(write.address in network for network in self.policy.refused_networks)
        if (
            special_range(write.address) is not None
            or refused
            or write.key.type.family.value[-1] != str(write.address.version)
        ):
            self.broken(f"{write.operation} {write.key} to {write.address}")


class OneRecord(Checker):
    promise: ClassVar[str] = (
        "never makes a second record, never touches one of several, never writes what it has not just read"
    )

    def write(self, write: Write) -> None:
        if write.operation is Operation.CREATE and write.shown_before:
            self.broken(f"create {write.key} although {write.shown_before} was there")
        if write.read_age_s > JUST_READ_S:
            self.broken(f"{write.operation} {write.key} without having read it just before")
        if write.operation is Operation.UPDATE and len(write.shown_before) != 1:
            self.broken(f"update {write.key} although it showed {write.shown_before}")


class WithinBudget(Checker):
    """At a restart the wall clock says how old a write is, and a write whose commit was lost in a crash cannot be counted."""

    promise: ClassVar[str] = "writes each record at most max_changes_per_day times a day"

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._kept: dict[RecordKey, list[tuple[float, float]]] = {}
        self._fresh: dict[RecordKey, list[tuple[float, float]]] = {}

    def write(self, write: Write) -> None:
        clock = self.world.clock
        self._fresh.setdefault(write.key, []).append((clock.wall(), clock.true))
        known = (*self._kept.get(write.key, ()), *self._fresh[write.key])
        within = [since for _, since in known if clock.true - since < DAY_S]
        if len(within) > self.policy.max_changes_per_day:
            self.broken(f"{len(within)} writes of {write.key} within a day")

    def cycle(self, cycle: Cycle) -> None:
        if not self._kept and not self._fresh:
            return
        if self.world.disk.acknowledged == cycle.memory.cycle:
            for key, writes in self._fresh.items():
                self._kept.setdefault(key, []).extend(writes)
            self._fresh.clear()

    def restart(self, memory: Memory) -> None:
        del memory
        self._fresh.clear()
        wall, true = self.world.clock.wall(), self.world.clock.true
        for key, writes in self._kept.items():
            self._kept[key] = [(at, min(since, true - (wall - at))) for at, since in writes if wall - at < DAY_S]
        if self.recently("store", SUSPECT_FOR_S):
            self._kept.clear()


_FORGETS = ("disk", "store", "clock")


class CallsWithinBudget(Checker):
    """Only calls that are known to be on disk survive a crash; those of the cycle that it struck are forgiven."""

    promise: ClassVar[str] = "calls each service at most as often in an hour as its budget allows, over restarts too"

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._kept: dict[str, deque[tuple[float, float]]] = {}
        """By service: when, by the wall clock and in monotonic seconds as the process may know them."""

    def cycle(self, cycle: Cycle) -> None:
        if not cycle.calls:
            return
        wall, now = cycle.ended.wall, cycle.ended.instant
        for service in {call.service for call in cycle.calls}:
            most = self.policy.max_calls_per_hour.get(service)
            if most is None:
                continue
            made = self._kept.setdefault(service, deque())
            made.extend([(wall, now)] * sum(1 for call in cycle.calls if call.service == service))
            while made[0][1] <= now - HOUR_S:
                made.popleft()
            if len(made) > most:
                self.broken(f"{len(made)} calls to {service} within an hour")

    def restart(self, memory: Memory) -> None:
        """Time that passed without a process is what the wall clock says, and what it leapt over is gone from the disk."""
        del memory
        now = self.world.clock.now()
        kept = self.world.disk.acknowledged > 0 and not any(self.recently(what, 2 * HOUR_S) for what in _FORGETS)
        for service, made in self._kept.items():
            aged = ((wall, now.instant - max(0.0, now.wall - wall)) for wall, _ in made if now.wall - wall < HOUR_S)
            self._kept[service] = deque(sorted(aged, key=lambda each: each[1])) if kept else deque()


class ActsOnEvidence(Checker):
    promise: ClassVar[str] = "touches DNS only for an address agreed on by a quorum, confirmations times in a row"

    def cycle(self, cycle: Cycle) -> None:
        for action in cycle.decision.actions:
            family = action.record.family
            if not self.evidence.supports(family, action.address, self.policy.confirmations):
                self.broken(f"{type(action).__name__} {action.record.key} to {action.address}")


class EveryRecordAccountedFor(Checker):
    promise: ClassVar[str] = "in each cycle each record is acted on, refused with a reason, or known to be right"

    def cycle(self, cycle: Cycle) -> None:
        decision = cycle.decision
        seen = [each.record.key for each in decision.actions] + [each.record for each in decision.refused]
        for spec in self.policy.records:
            times = seen.count(spec.key)
            if times == 0:
                self._left_alone(spec, cycle)
            elif times > 1:
                self.broken(f"{spec.key} acted on or refused {times} times")
        for refused in decision.refused:
            if not refused.detail:
                self.broken(f"{refused.record} refused without a reason")

    def _left_alone(self, spec: RecordSpec, cycle: Cycle) -> None:
        record, belief = cycle.before.records.get(spec.key), cycle.memory.beliefs.get(spec.family)
        if record is None or belief is None or record.verified is None or record.verified != belief.confirmed:
            self.broken(f"{spec.key} left alone although not known to be right")


class NeverGoesBack(Checker):
    promise: ClassVar[str] = "cycle numbers and counters never go back, not over a crash either"

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._cycle = 0
        self._acknowledged_up = 0

    def cycle(self, cycle: Cycle) -> None:
        if cycle.memory.cycle != cycle.before.cycle + 1 or cycle.memory.up_cycles < cycle.before.up_cycles:
            self.broken(f"cycle {cycle.before.cycle} -> {cycle.memory.cycle}")
        if self.world.disk.acknowledged == cycle.memory.cycle:
            self._cycle, self._acknowledged_up = cycle.memory.cycle, cycle.memory.up_cycles

    def restart(self, memory: Memory) -> None:
        if self.world.disk.acknowledged == 0:  # the store was broken or never written
            self._cycle = self._acknowledged_up = 0
        if memory.cycle < self._cycle or memory.up_cycles < self._acknowledged_up:
            self.broken(f"began with cycle {memory.cycle}, {self._cycle} was acknowledged")


class HonestCache(Checker):
    promise: ClassVar[str] = (
        "calls a record right only when resolvers or the provider said so, and never after overwriting it itself"
    )

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._spelt_last: tuple[IpAddress | None, str] = (None, "None")

    def cycle(self, cycle: Cycle) -> None:
        for outcome in cycle.outcomes:
            key, address = outcome.action.record.key, outcome.action.address
            if outcome.result in (Result.VERIFIED, Result.VISIBLE):
                said = [resolver.said[key] for resolver in self.world.resolvers if key in resolver.said]
                if not said or any(each != (address,) for each in said):
                    self.broken(f"{outcome.result} {key} as {address}, resolvers said {said}")
            elif outcome.result in (Result.UPDATED, Result.CREATED, Result.HELD):
                shown = self.world.zone.entry(key).shown
                if shown != (str(address),):
                    self.broken(f"{outcome.result} {key} as {address}, the provider showed {shown}")
            elif outcome.result is Result.FAILED and outcome.operation is not None:
                after = cycle.memory.records[key]
                if after.verified_at is not None:
                    self.broken(f"a failed write of {key} is remembered as verified")
        if cycle.outcomes:
            self._forget_what_was_said()
        self._swears(cycle)

    def restart(self, memory: Memory) -> None:
        del memory
        self._forget_what_was_said()

    def _forget_what_was_said(self) -> None:
        for resolver in self.world.resolvers:
            resolver.said.clear()

    def _spelt(self, address: IpAddress | None) -> str:
        """Kept, for it is asked in each cycle about the same one."""
        if address is not self._spelt_last[0]:
            self._spelt_last = (address, str(address))
        return self._spelt_last[1]

    def _swears(self, cycle: Cycle) -> None:
        """Records that the cache vouches for were not overwritten by ourselves."""
        for key, record in cycle.memory.records.items():
            entry = self.world.zone.entries.get(key)
            if entry is None or entry.last_writer != "cadence" or record.verified_at is None:
                continue
            if len(entry.held) == 1 and entry.held[0].content == self._spelt(record.verified):
                continue
            busy = {each.record.key for each in cycle.decision.actions} | {
                each.record for each in cycle.decision.refused
            }
            if key in busy:
                continue
            suspect = self.recently("store", SUSPECT_FOR_S) or self.recently("clock", SUSPECT_FOR_S)
            # A disk that refused the intent, and then a crash: what is on disk vouches for as long as the cache lasts.
            if not suspect and not self.recently("disk", 2 * self.policy.cache_max_age_s):
                held = self.world.zone.contents(key)
                self.broken(f"the cache swears that {key} is {record.verified}; we made it {held}")


class LooksAgain(Checker):
    promise: ClassVar[str] = "always looks again, within the longest wait of the policy"

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        policy = self.policy
        self._longest_s = policy.interval_s * policy.slow_factor + policy.jitter_s + 1e-6

    def cycle(self, cycle: Cycle) -> None:
        wait_s = cycle.decision.next_look - cycle.began.instant
        if not 0.0 < wait_s <= self._longest_s:
            self.broken(f"waits {wait_s:.1f} s ({cycle.decision.why})")


class FollowsWhatItPublished(Checker):
    promise: ClassVar[str] = "follows a change that it published, and no other"

    def cycle(self, cycle: Cycle) -> None:
        for action in cycle.decision.actions:
            change = cycle.before.records[action.record.key].change if isinstance(action, ConfirmVisible) else None
            if isinstance(action, ConfirmVisible) and (change is None or change.address != action.address):
                self.broken(f"{action.record.key}: nothing was published")


CHECKERS: tuple[type[Checker], ...] = (
    OnlyTrueAddresses,
    OnlyPublicAddresses,
    OneRecord,
    WithinBudget,
    CallsWithinBudget,
    PhaseTable,
    ActsOnEvidence,
    EveryRecordAccountedFor,
    NeverGoesBack,
    HonestCache,
    LooksAgain,
    FollowsWhatItPublished,
    OutagesAddUp,
    NamesTheRightLayer,
)
