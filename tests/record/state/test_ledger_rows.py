"""The ledger of the power over restarts: an age is never made larger than it is, by no clock and no reboot."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.clock import SystemClock
from cadence_exporter.decide.ledger import recalled
from cadence_exporter.errors import StateUnavailable
from cadence_exporter.model.instants import Boot, Instant, Now, WallTime
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.recovery import EMPTY_LEDGER, Bounce, PowerOutcome, PowerResult, RecoveryMemory, Unfinished
from cadence_exporter.record.state.ledger_rows import LEDGER, MOST_PER_DAY, TIMES, ledger_of, ledger_rows
from cadence_exporter.record.state.store import SqliteStore
from tests.record.cycles import Hands, make_cycle, make_faults, memory

HAIR_S = 1e-3


@dataclass
class Machine:
    """True time goes on; what the machine's clocks show is another matter."""

    true: float = 1e6
    booted: float = 1e6 - 5000.0
    wall_is_off: float = 0.0
    boots: int = 1
    slept: float = 0.0

    def monotonic(self):
        return Instant(self.true - self.booted - self.slept)

    def wall(self):
        return WallTime(self.true + self.wall_is_off)

    def now(self):
        return Now(self.monotonic(), self.wall())

    def since_boot(self):
        return Boot(f"boot-{self.boots}", self.true - self.booted)

    def reboot(self, off_s):
        self.true += off_s
        self.booted, self.slept = self.true, 0.0
        self.boots += 1


SPANS = st.floats(0, 100_000)
EVENTS = st.one_of(
    st.tuples(st.just("passes"), SPANS),
    st.tuples(st.just("sleeps"), SPANS),
    st.tuples(st.just("reboots"), SPANS),
    st.tuples(st.just("restarts"), st.just(0.0)),
    st.tuples(st.just("clock is set"), st.floats(-1e9, 1e9)),
    st.tuples(st.just("commits"), st.just(0.0)),
)


def ages_hold(machine, ledger, happened):
    """Before a suspension the monotonic clock says less, never more."""
    for at in (*ledger.bounces, ledger.unfinished.at, ledger.mains_back):
        assert -HAIR_S <= machine.monotonic() - at.instant <= machine.true - happened + HAIR_S


def ledger_now(machine):
    return RecoveryMemory(
        bounces=(machine.now(),), unfinished=Unfinished(machine.now(), 30.0), mains_back=machine.now()
    )


@given(st.lists(EVENTS, max_size=25))
def test_no_wall_clock_no_reboot_and_no_restart_makes_an_age_larger_than_it_is(events):
    machine = Machine()
    happened = machine.true
    ledger = ledger_now(machine)
    rows = ledger_rows(ledger, machine)
    for what, amount in (*events, ("restarts", 0.0)):
        match what:
            case "passes":
                machine.true += amount
            case "sleeps":
                machine.true += amount
                machine.slept += amount
            case "clock is set":
                machine.wall_is_off = amount
            case "commits":
                rows = ledger_rows(ledger, machine)
            case "reboots":
                machine.reboot(amount)
                ledger = ledger_of(rows, machine.now(), machine)
            case "restarts":
                ledger = ledger_of(rows, machine.now(), machine)
        ages_hold(machine, ledger, happened)


def test_on_another_machine_that_runs_for_weeks_no_more_than_the_wall_clock_says_has_gone_by():
    machine = Machine()
    happened, ledger = machine.true, ledger_now(machine)
    rows = ledger_rows(ledger, machine)
    other = Machine(true=machine.true + 60.0, booted=machine.true - 1e6, boots=77)
    ages_hold(other, ledger_of(rows, other.now(), other), happened)


def test_in_the_same_boot_an_age_is_exact_whatever_the_wall_clock_says():
    machine = Machine()
    rows = ledger_rows(RecoveryMemory(bounces=(machine.now(),)), machine)
    machine.true += 777.0
    machine.wall_is_off = -1e8
    (at,) = ledger_of(rows, machine.now(), machine).bounces
    assert machine.monotonic() - at.instant == pytest.approx(777.0)


def test_after_a_reboot_only_the_time_since_it_is_sure_to_have_gone_by():
    machine = Machine()
    ledger = RecoveryMemory(bounces=(machine.now(),))
    machine.true += 100.0
    rows = ledger_rows(ledger, machine)
    machine.reboot(off_s=50_000.0)
    machine.true += 20.0
    (at,) = ledger_of(rows, machine.now(), machine).bounces
    assert machine.monotonic() - at.instant == pytest.approx(120.0)


def test_a_system_that_does_not_name_its_boots_lets_no_time_go_by():
    machine = Machine()
    rows = ledger_rows(RecoveryMemory(bounces=(machine.now(),)), machine)
    machine.true += 500.0
    machine.since_boot = lambda: Boot("", 1e6)
    (at,) = ledger_of(rows, machine.now(), machine).bounces
    assert machine.monotonic() == at.instant


def test_maintenance_goes_on_for_what_is_left_of_it_and_never_longer_than_a_week():
    machine = Machine()
    until = Now(Instant(machine.monotonic() + 7200.0), WallTime(machine.wall() + 7200.0))
    rows = ledger_rows(RecoveryMemory(maintenance_until=until), machine)
    machine.true += 7000.0
    left = ledger_of(rows, machine.now(), machine).maintenance_until
    assert left.instant - machine.monotonic() == pytest.approx(200.0)
    rows = ledger_rows(RecoveryMemory(maintenance_until=Now(Instant(1e12), WallTime(1e12))), machine)
    left = ledger_of(rows, machine.now(), machine).maintenance_until
    assert left.instant - machine.monotonic() == 7 * 86_400.0


def test_a_home_without_power_recovery_has_no_rows():
    assert ledger_rows(EMPTY_LEDGER, None) == {}
    assert ledger_of({}, None, None) is EMPTY_LEDGER


@pytest.mark.parametrize(
    "text", ["{}", "[]", "null", '{"unhelped": 1e999, "identity": null, "on_battery": false}', "x"]
)
def test_a_row_that_makes_no_sense_is_damage(text):
    with pytest.raises((ValueError, TypeError, KeyError, OverflowError)):
        ledger_of({LEDGER: (text,)}, Machine().now(), Machine())


@pytest.mark.parametrize("value", ["NaN", "1e999", '"x"', "[1]"])
def test_a_time_that_makes_no_sense_is_damage(value):
    machine = Machine()
    rows = ledger_rows(RecoveryMemory(bounces=(machine.now(),)), machine)
    rows[TIMES] = (rows[TIMES][0].replace('"bounces": [[', f'"bounces": [[{value}, 0], ['),)
    with pytest.raises((ValueError, TypeError, KeyError)):
        ledger_of(rows, machine.now(), machine)


def test_the_real_clock_knows_its_boot(tmp_path):
    clock = SystemClock()
    first, second = clock.since_boot(), clock.since_boot()
    assert first.id == second.id
    assert 0 < first.seconds <= second.seconds
    assert clock.since_boot(tmp_path / "none").id == ""


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def start(tmp_path, clock):
    """A process on one state directory; another one ends the one before as a kill does."""
    living = []

    def end():
        while living:
            store = living.pop()
            store._connection.close()
            store._lock.release()

    def make():
        end()
        living.append(SqliteStore(tmp_path, clock, make_faults(clock)[0]))
        return living[-1], living[-1].load(clock.now())

    yield make
    end()


def full(clock):
    """Everything that a ledger can hold."""
    now = clock.now()
    return RecoveryMemory(
        bounces=(now,),
        unfinished=Unfinished(now, 30.0, real=True),
        unhelped=2,
        awaiting_up=now,
        identity="a8032abe54dc",
        maintenance_until=Now(Instant(now.instant + 60.0), WallTime(now.wall + 60.0)),
        on_battery=True,
        mains_back=now,
    )


def test_an_intent_is_on_disk_with_its_ledger_before_the_power_is_cut(start, clock):
    store, before = start()
    store.commit_intent(replace(before, recovery=full(clock)))
    assert start()[1].recovery == full(clock)


@pytest.mark.parametrize("first", ["intent", "cycle"])
def test_a_disk_that_could_not_be_read_at_the_start_still_says_whom_it_met_and_what_was_asked_for(
    start, clock, monkeypatch, first
):
    store, before = start()
    store.commit_intent(replace(before, recovery=full(clock)))
    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "_opened", refused)
        patch.setattr("cadence_exporter.record.state.store.open_for_reading", refused)
        store, before = start()
        assert before.recovery.identity is None
        assert not before.on_disk
        assert store.recalled() is None
    ledger = replace(before.recovery, unfinished=None, identity="stranger")
    now = replace(before, recovery=ledger)
    if first == "intent":
        store.commit_intent(now)
    store.commit(make_cycle(clock.now(), after=now))
    found = store.recalled()
    assert found == full(clock)
    assert store.recalled() is None
    restarted = start()[1].recovery
    assert replace(restarted, on_battery=False) == recalled(ledger, found)
    assert (restarted.identity, restarted.maintenance_until) == ("a8032abe54dc", full(clock).maintenance_until)


def refused(*_):
    raise StateUnavailable("not yet")


def test_the_good_copy_knows_of_each_bounce(start, clock, tmp_path):
    store, _ = start()
    cycle = make_cycle(clock.now(), after=replace(memory(), recovery=full(clock)))
    store.commit(replace(cycle, power=PowerOutcome(Bounce(30.0), PowerResult.SUCCESS, "", clock.now(), 0.1)))
    (tmp_path / "state.db").write_bytes(b"broken")
    ledger = start()[1].recovery
    assert ledger.identity == "a8032abe54dc"
    assert ledger.bounces == (clock.now(), clock.now()), "the one that is known, and one that may have been since"
    assert ledger.unfinished == Unfinished(clock.now(), 0.0)


def test_a_store_that_is_damaged_beyond_its_copy_counts_as_a_day_full_of_bounces(start, clock, tmp_path):
    start()
    for name in ("state.db", "state.db.good"):
        (tmp_path / name).write_bytes(b"broken")
    _, found = start()
    assert found.recovery.bounces == (clock.now(),) * MOST_PER_DAY
    assert found.recovery.unfinished is not None
    assert found.on_disk


def test_a_new_store_knows_of_no_bounce(start, clock):
    assert start()[1] == Memory(Phase.INIT, clock.now())


def test_a_ledger_that_somebody_made_milder_is_damage(start, clock, tmp_path):
    store, before = start()
    store.commit_intent(replace(before, recovery=full(clock)))
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        connection.execute("UPDATE meta SET value = replace(value, 'ed\": 2', 'ed\": 0') WHERE key = 'recovery'")
        connection.commit()
    assert start()[1].recovery.unfinished == Unfinished(clock.now(), 0.0)
    assert list(tmp_path.glob("*.corrupt-*"))
