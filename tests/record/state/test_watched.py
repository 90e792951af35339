"""When Cadence ran is known afterwards: gaps are gaps, restarts are not, and a clock that jumps breaks nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.record.state.history import read
from cadence_exporter.record.state.store import SqliteStore
from cadence_exporter.record.state.watched import (
    CURRENT,
    LATE_S,
    LONGEST_CYCLE_S,
    MOST_KEPT,
    PAST,
    RESTART_S,
    Watch,
    watched_of,
)
from tests.record.cycles import WALL, Hands, make_cycle, make_faults

WAIT_S = 180.0


def seen(*starts, watch=None):
    """Cycles begun at these seconds, a tenth of a second long each."""
    watch = watch or Watch()
    for start in starts:
        watch.take(make_cycle(Now(Instant(start), WallTime(start)), wait=WAIT_S, took=0.1))
    return watch


def stretches(watch):
    return [(round(each.began, 1), round(each.ended, 1)) for each in watched_of(watch.rows())]


def test_cycles_that_come_when_they_are_due_are_one_stretch():
    assert stretches(seen(1000, 1180, 1360, 1390)) == [(1000, 1390.1)]


def test_a_machine_that_slept_leaves_a_gap():
    late = 1000 + WAIT_S + LATE_S
    assert stretches(seen(1000, late - 1)) == [(1000, round(late - 0.9, 1))]
    assert stretches(seen(1000, late + 1)) == [(1000, 1000.1), (late + 1, round(late + 1.1, 1))]


def test_a_cycle_that_stood_still_in_the_middle_leaves_a_gap():
    watch = seen(1000)
    for start, took in ((1180, LONGEST_CYCLE_S - 1), (1539, 3600)):
        watch.take(make_cycle(Now(Instant(start), WallTime(start)), wait=WAIT_S, took=took))
    seen(5300, watch=watch)
    assert stretches(watch) == [(1000, 1539), (5139, 5300.1)]


def again(watch):
    """What the next process begins with."""
    fresh = Watch()
    fresh.restore(watch.rows())
    return fresh


def test_a_restart_is_no_gap_unless_it_takes_long():
    assert stretches(seen(1000.1 + RESTART_S, watch=again(seen(1000)))) == [(1000, 1000.2 + RESTART_S)]
    assert len(stretches(seen(1001.1 + RESTART_S, watch=again(seen(1000))))) == 2


def test_a_clean_stop_long_after_the_last_cycle_is_watched_until_then():
    watch = seen(1000)
    watch.until(WallTime(1100.0))
    assert stretches(seen(1130, watch=again(watch))) == [(1000, 1130.1)]


def test_a_stop_is_not_believed_to_come_before_the_last_cycle_or_long_after_the_next():
    watch = seen(1000)
    for wall in (900.0, 1e6):
        watch.until(WallTime(wall))
    assert stretches(watch) == [(1000, 1000.1)]


def test_a_clock_set_back_begins_anew():
    assert stretches(seen(1000, 500, 680)) == [(1000, 1000.1), (500, 680.1)]


def test_old_stretches_go_and_so_do_too_many():
    assert stretches(seen(1000, 1000 + 36 * 86400)) == [(1000 + 36 * 86400, round(1000.1 + 36 * 86400, 1))]
    assert len(stretches(seen(*(1000 * n for n in range(1, 2 * MOST_KEPT))))) == MOST_KEPT


@given(st.lists(st.floats(0, 1e7), max_size=30))
def test_whatever_the_clock_does_each_cycle_is_within_the_newest_stretch(starts):
    watch = Watch()
    for start in starts:
        seen(start, watch=watch)
        held = watched_of(watch.rows())
        assert all(each.began <= each.ended for each in held)
        assert held[-1].began <= start <= held[-1].ended


@pytest.mark.parametrize("text", ["3", "[1]", '["a", 1]', "[NaN, 1]", "[1, 2, 3]", "null"])
def test_a_row_that_makes_no_sense_is_not_believed(text):
    with pytest.raises((ValueError, TypeError)):
        watched_of({CURRENT: (text,), PAST: (json.dumps([]),)})


def test_a_store_of_a_version_before_has_none():
    assert watched_of({}) == ()
    assert Watch().rows() == {}


def test_it_comes_back_out_of_the_store_and_goes_on(tmp_path):
    clock = Hands()
    for _ in range(2):
        faults, _ = make_faults(clock)
        store = SqliteStore(tmp_path, clock, faults)
        store.load(clock.now())
        for _ in range(3):
            store.commit(make_cycle(clock.now(), wait=WAIT_S))
            clock.seconds += WAIT_S
        store.close(clock.now())
        clock.seconds += 3600
    found = read(tmp_path, WallTime(0.0)).watched
    run_s = 3 * WAIT_S
    assert [(round(each.began - WALL), round(each.ended - WALL)) for each in found] == [
        (0, run_s),
        (run_s + 3600, 2 * run_s + 3600),
    ]
