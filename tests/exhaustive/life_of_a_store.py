"""Random lives of the store: commits and intents, scrapes, clean stops, kills, and files that tear."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Belief, Change, Layer, Memory, Outage, Phase, RecordMemory
from cadence_exporter.record.state.store import SqliteStore
from tests.decide.cases import HOME, MOVED
from tests.record.cycles import KEY, Hands, make_cycle, make_faults

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - thousands of flushes to a busy disk would take minutes
ADDRESSES = st.sampled_from((HOME, MOVED))
AGES = st.floats(0, 80_000)


class LifeOfAStore(RuleBasedStateMachine):
    """Commits and intents, kills and restarts: what was acknowledged is there, what must not be trusted is not."""

    @initialize()
    def begins(self):
        self.home = Path(tempfile.mkdtemp(prefix="life-of-a-store-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
        self.lives, self.cycle = 0, 0
        self.clock = Hands()
        self.kept, self.records = Memory(Phase.INIT, self.clock.now()), {}
        self.counted, self.seconds = {}, {}
        self.store = None
        self.opens()

    def opens(self):
        self.acting = False
        faults, _ = make_faults(self.clock)
        self.store = SqliteStore(self.home / str(self.lives), self.clock, faults)
        found = self.store.load(self.clock.now())
        assert self.store.up
        self.compare(found)
        assert _of_cycles(self.store.counters()) == _of_cycles(self.counted)
        assert all(self.store.counters().get(key, 0.0) >= value for key, value in self.counted.items())
        shown = self.store.state_seconds()
        assert all(shown.get(phase, 0.0) >= seconds - 1e-6 for phase, seconds in self.seconds.items())

    def compare(self, found):
        kept = self.kept
        assert (found.phase, found.cycle, found.up_cycles) == (Phase.INIT, kept.cycle, kept.up_cycles)
        believed = {
            family: Belief(confirmed=each.confirmed, confirmed_at=each.confirmed_at)
            for family, each in kept.beliefs.items()
        }
        assert dict(found.beliefs) == believed
        assert (found.outage and found.outage.layer) == (kept.outage and kept.outage.layer)
        assert found.records.keys() == self.records.keys()
        for key, record in self.records.items():
            again = found.records[key]
            assert (again.verified, again.verified_at) == (record.verified, record.verified_at)
            assert [each.wall for each in again.writes] == [each.wall for each in record.writes]
            assert (again.failures, again.hold_until, again.refusal) == (0, None, None)
            assert _of(again.change) == _of(record.change)

    @rule(seconds=st.sampled_from((0.0, 1.0, 30.0, 180.0)))
    def time_passes(self, seconds):
        self.clock.seconds += seconds

    @rule(
        phase=st.sampled_from(Phase),
        confirmed=ADDRESSES,
        record=st.tuples(
            st.none() | ADDRESSES, AGES, st.booleans(), st.integers(0, 3), st.none() | ADDRESSES, st.booleans()
        ),
        outage=st.sampled_from((None, *Layer)),
    )
    def commits(self, phase, confirmed, record, outage):
        self.cycle += 1
        now = self.clock.now()
        believed = Belief(HOME, 2, now, confirmed, now.wall, 1, HOME, now.instant)
        memory = Memory(
            phase,
            now,
            self.cycle,
            self.kept.up_cycles + (phase is Phase.UP),
            MappingProxyType({Family.IPV4: believed}),
            MappingProxyType({KEY: self.record(*record)}),
            outage=None if outage is None else Outage(now, outage),
        )
        self.store.commit(make_cycle(now, after=memory, before=memory, wait=60.0))
        self.kept, self.records, self.acting = memory, dict(memory.records), False
        self.counted = dict(self.store.counters())

    @rule(record=st.tuples(ADDRESSES, AGES, st.just(value=False), st.integers(0, 3), ADDRESSES, st.just(value=False)))
    def intends(self, record):
        """Only the records of an intent are on disk; the rest of its memory is not."""
        self.records, self.acting = {KEY: self.record(*record)}, True
        self.store.commit_intent(replace(self.kept, cycle=99_999, outage=None, records=MappingProxyType(self.records)))

    def record(self, verified, age, vouched, writes, flying, published):
        now = self.clock.now()
        then = Now(Instant(now.instant - age), WallTime(now.wall - age))
        change = None if flying is None else Change(flying, then, then if published else None, 3, now.instant)
        return RecordMemory(
            verified,
            then.wall if vouched else None,
            (now,) * writes,
            2,
            Instant(now.instant + 60),
            "two of that name",
            change,
        )

    @rule()
    def scraped(self):
        shown = self.store.state_seconds()
        assert all(shown.get(phase, 0.0) >= seconds - 1e-6 for phase, seconds in self.seconds.items())
        self.seconds = dict(shown)

    @precondition(lambda self: not self.acting)  # the loop stops between cycles, never between an intent and its commit
    @rule()
    def stops_cleanly(self):
        self.scraped()
        self.store.close(self.clock.now())
        self.opens()

    @rule(torn=st.binary(max_size=5000))
    def killed(self, torn):
        """The files as they are this moment, with the beginning of a commit that was never acknowledged at the end of the log."""
        self.scraped()
        before, self.lives = self.home / str(self.lives), self.lives + 1
        shutil.copytree(before, self.home / str(self.lives))
        log = self.home / str(self.lives) / "state.db-wal"
        assert log.stat().st_size > 0, "nothing is left to a checkpoint"
        with log.open("ab") as tail:
            tail.write(torn)
        self.dies()
        shutil.rmtree(before)
        self.opens()

    def dies(self):
        if self.store._connection is not None:
            self.store._connection.close()
            self.store._connection = None
        self.store._lock.release()

    def teardown(self):
        if getattr(self, "store", None) is not None:
            self.dies()
            shutil.rmtree(self.home)


def _of_cycles(counters):
    """Log lines are counted as they are said, also while a store is opened."""
    return {key: value for key, value in counters.items() if value and "log_messages" not in key[0]}


def _of(change):
    if change is None:
        return None
    return change.address, change.evidence_at.wall, change.published_at and change.published_at.wall
