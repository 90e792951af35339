"""Any life of the real store and of the simulator's disk, side by side: after each restart both know the same."""

import shutil
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from cadence_exporter.errors import StateUnavailable
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Belief, Change, Layer, Memory, Outage, Phase, RecordMemory
from cadence_exporter.record.state import good_copy
from cadence_exporter.record.state import store as store_module
from cadence_exporter.simulate import disk as disk_module
from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.world import World
from tests.crash.story import die, open_store
from tests.decide.cases import HOME, MOVED
from tests.exhaustive.life_of_a_store import IN_MEMORY
from tests.exhaustive.test_machines import FEW_LIVES
from tests.record.cycles import KEY, make_cycle

ADDRESSES = st.sampled_from((HOME, MOVED))


class TwoStores(RuleBasedStateMachine):
    """The same clock, the same commits, the same accidents."""

    @initialize()
    def begins(self):
        self.folder = Path(tempfile.mkdtemp(prefix="two-stores-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
        self.world = World(PLAIN, 1, 1e9, tally=True)
        self.disk, self.real = self.world.disk, None
        self.cycle, self.memory = 0, None
        self.starts()

    def starts(self):
        clock = self.world.clock
        self.real = open_store(self.folder / "state", clock)
        found = self.real.load(clock.now())
        assert found == self.disk.load(clock.now())
        self.memory, self.cycle = found, found.cycle
        self.same_figures()

    def same_figures(self):
        assert counted(self.real) == counted(self.disk)
        real, pretend = self.real.state_seconds(), self.disk.state_seconds()
        assert {phase: pytest.approx(seconds) for phase, seconds in real.items() if seconds} == {
            phase: seconds for phase, seconds in pretend.items() if seconds
        }

    @rule(seconds=st.sampled_from((1.0, 60.0, 200.0, 3600.0, 90_000.0)))
    def time_passes(self, seconds):
        self.world.clock.move_to(self.world.clock.true + seconds)

    @rule(seconds=st.sampled_from((-90_000.0, -60.0, 60.0, 90_000.0)))
    def the_wall_clock_jumps(self, seconds):
        self.world.clock.set_wall(self.world.clock.wall() + seconds)

    @rule(
        phase=st.sampled_from(Phase),
        confirmed=ADDRESSES,
        verified=st.none() | ADDRESSES,
        flying=st.none() | ADDRESSES,
        writes=st.integers(0, 3),
        outage=st.sampled_from((None, *Layer)),
        refused=st.sampled_from((False, False, False, True)),
        intent=st.booleans(),
    )
    def a_cycle(self, **drawn):
        now = self.world.clock.now()
        self.cycle += 1
        record = self.record(now, drawn["verified"], drawn["flying"], drawn["writes"])
        belief = Belief(HOME, 2, now, drawn["confirmed"], now.wall)
        memory = Memory(
            drawn["phase"],
            now,
            self.cycle,
            self.memory.up_cycles + (drawn["phase"] is Phase.UP),
            MappingProxyType({Family.IPV4: belief}),
            MappingProxyType({KEY: record}),
            outage=None if drawn["outage"] is None else Outage(now, drawn["outage"]),
        )
        with self.refusing(refused=drawn["refused"]):
            if drawn["intent"]:
                intended = replace(memory, records=MappingProxyType({KEY: replace(record, verified_at=None)}))
                self.both(lambda store: store.commit_intent(intended))
            cycle = make_cycle(now, after=memory, before=self.memory, wait=60.0)
            self.both(lambda store: store.commit(cycle))
        self.memory = memory
        self.same_figures()

    @rule(verified=ADDRESSES)
    def killed_after_an_intent(self, verified):
        now = self.world.clock.now()
        record = self.record(now, verified, MOVED, 1)
        intended = replace(self.memory, cycle=self.cycle + 1, records=MappingProxyType({KEY: record}))
        self.both(lambda store: store.commit_intent(intended))
        self.killed(reboots=False)

    @rule(reboots=st.booleans())
    def killed(self, reboots):
        die(self.real)
        if reboots:
            self.world.clock.boot()
        self.starts()

    @rule(to_copy=st.booleans())
    def loses_its_file(self, to_copy):
        """Damaged, or the whole directory is gone."""
        die(self.real)
        if to_copy:
            (self.folder / "state" / "state.db").write_bytes(b"garbage")
        else:
            shutil.rmtree(self.folder / "state")
        self.disk.fall_back(to_copy=to_copy)
        self.starts()

    def record(self, now, verified, flying, writes):
        change = None if flying is None else Change(flying, now, now, 1, Instant(now.instant + 5))
        at = WallTime(now.wall - 30)
        earlier = Now(Instant(now.instant - 30), at)
        return RecordMemory(verified, at if verified else None, (earlier,) * writes, 1, None, None, change)

    def refusing(self, *, refused):
        return _Refusing(self, refused=refused)

    def both(self, write):
        ends = [_ended(write, store) for store in (self.real, self.disk)]
        assert ends[0] == ends[1]
        assert self.real.up == self.disk.up

    def teardown(self):
        if getattr(self, "real", None) is not None:
            die(self.real)
            shutil.rmtree(self.folder)


class _Refusing:
    """Neither disk takes anything."""

    def __init__(self, stores, *, refused):
        self.stores, self.refused = stores, refused

    def __enter__(self):
        if self.refused:
            self.stores.disk.ills.add("full")
            self.stores.real._transact = _full

    def __exit__(self, *_):
        if self.refused:
            self.stores.disk.ills.clear()
            del self.stores.real._transact


def _full(*_):
    raise sqlite3.OperationalError("database or disk is full")


def _ended(write, store):
    try:
        write(store)
    except StateUnavailable:
        return "refused"
    return "written"


def counted(store):
    """Log lines are counted as they are said: the simulator says none."""
    return {key: value for key, value in store.counters().items() if value and "log_messages" not in key[0]}


def test_whatever_happens_both_stores_know_the_same():
    run_state_machine_as_test(TwoStores, settings=settings(FEW_LIVES, max_examples=40))


def test_a_disk_that_keeps_more_of_an_intent_than_the_store_is_found(monkeypatch):
    monkeypatch.setattr(disk_module.Disk, "commit_intent", lambda disk, memory: disk._write(disk._as_image(memory)))
    with pytest.raises(AssertionError):
        run_state_machine_as_test(TwoStores, settings=settings(FEW_LIVES, print_blob=False))


def test_the_good_copy_is_renewed_as_often():
    assert disk_module.COPY_AFTER_COMMITS == good_copy.COPY_AFTER_COMMITS
    assert disk_module.COPY_AFTER_S == good_copy.COPY_AFTER_S
    assert disk_module.SLACK_S == store_module.CYCLE_SLACK_S
