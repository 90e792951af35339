"""What the connection was, piece by piece and cell by cell."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.state.chronicle import OutageHeld, TransitionHeld
from cadence_exporter.record.state.history import HistoryView
from cadence_exporter.record.state.timeline import Condition, cells, pieces, summary
from cadence_exporter.record.state.watched import WatchedHeld

UP, DEGRADED, DOWN, UNKNOWN = Condition.UP, Condition.DEGRADED, Condition.DOWN, Condition.UNKNOWN


def view(watched, steps, outages=()):
    return HistoryView(
        transitions=tuple(TransitionHeld(WallTime(at), before, after, "") for at, before, after in steps),
        watched=tuple(WatchedHeld(WallTime(began), WallTime(ended)) for began, ended in watched),
        outages=tuple(OutageHeld(WallTime(began), WallTime(ended), ended - began, "wan") for began, ended in outages),
    )


STARTED = ((100, "init", "degraded"), (110, "degraded", "up"))


def told(found):
    return [(piece.began, piece.ended, piece.condition) for piece in found]


def test_time_that_nobody_watched_is_not_up():
    assert told(pieces(view([(100, 500)], STARTED), 0, 1000)) == [
        (0, 100, UNKNOWN), (100, 110, DEGRADED), (110, 500, UP), (500, 1000, UNKNOWN)
    ]  # fmt: skip


def test_the_state_lasts_from_before_the_window():
    assert told(pieces(view([(100, 9000)], STARTED), 5000, 6000)) == [(5000, 6000, UP)]


def test_after_a_start_nothing_is_known_until_the_first_conclusion():
    steps = (*STARTED, (720, "init", "down"))
    assert told(pieces(view([(100, 500), (700, 1000)], steps), 400, 1000)) == [
        (400, 500, UP), (500, 700, UNKNOWN), (700, 720, UNKNOWN), (720, 1000, DOWN)
    ]  # fmt: skip


def test_a_machine_that_slept_goes_on_as_it_was():
    assert told(pieces(view([(100, 500), (700, 1000)], STARTED), 400, 1000))[-1] == (700, 1000, UP)


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000)).map(sorted), max_size=6),
    st.lists(st.tuples(st.floats(0, 1000), st.sampled_from(["init", "up", "down", "degraded"])), max_size=12),
)
def test_the_whole_time_is_told_without_holes_and_nothing_twice(watched, steps):
    found = pieces(view(watched, [(at, "init", state) for at, state in steps]), 0.0, 1000.0)
    assert found[0].began == 0.0
    assert found[-1].ended == 1000.0
    for before, after in itertools.pairwise(found):
        assert before.ended == after.began
    row = cells(found, 17)
    assert len(row) == 17
    seconds = summary(view(watched, []), found, None).seconds
    assert sum(seconds.values()) == pytest.approx(1000.0)


def test_the_shortest_outage_shows_in_its_cell_and_is_not_more_than_it_was():
    steps = (*STARTED, (5000, "up", "down"), (5003, "down", "up"))
    row = cells(pieces(view([(100, 10_000)], steps), 0, 10_000), 10)
    assert [cell.main for cell in row] == [UP] * 10
    assert [cell.worst for cell in row] == [DEGRADED, *[UP] * 4, DOWN, *[UP] * 4]
    assert row[5].share == pytest.approx(0.003)


def test_a_cell_is_empty_only_when_nothing_is_known_of_it():
    row = cells(pieces(view([(990, 1000)], ((990, "init", "up"),)), 0, 1000), 2)
    assert [cell.main for cell in row] == [UNKNOWN, UP]


def test_outages_are_counted_with_the_one_that_lasts():
    outages = [(200, 260), (10, 20)]
    now = OutageHeld(WallTime(900), WallTime(1000), 100.0, "lan")
    held = view([(0, 1000)], [(0, "init", "up"), (900, "up", "down")], outages)
    found = summary(held, pieces(held, 100, 1000), now)
    assert (found.outages, found.longest_s) == (2, 100.0)
    assert found.up_ratio == pytest.approx(800 / 900)
    assert summary(HistoryView(), pieces(HistoryView(), 0, 10), None).up_ratio is None


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000)).map(sorted), max_size=6),
    st.lists(st.tuples(st.floats(0, 1000), st.sampled_from(["init", "up", "down", "degraded"])), max_size=40),
    st.integers(1, 30),
)
def test_a_cell_is_what_all_pieces_in_it_are(watched, steps, number):
    """Told again by looking at every piece for every cell."""
    found = pieces(view(watched, [(at, "init", state) for at, state in steps]), 0.0, 1000.0)
    for index, cell in enumerate(cells(found, number)):
        began, ended = index * 1000.0 / number, (index + 1) * 1000.0 / number
        known = Counter()
        for piece in found:
            known[piece.condition] += max(0.0, min(piece.ended, ended) - max(piece.began, began))
        known = {condition: seconds for condition, seconds in known.items() if condition is not UNKNOWN and seconds > 0}
        if sum(known.values()) > 1e-6:  # what is shorter is a matter of rounding
            assert known[cell.main] == pytest.approx(max(known.values()))
            assert cell.share == pytest.approx(known.get(cell.worst, 0.0) / sum(known.values()), abs=1e-6)


def test_a_step_that_was_told_before_the_stretch_counts_until_the_next():
    """Whatever the order in which the store hands them out."""
    steps = ((720, "up", "down"), (800, "down", "up"), *STARTED)
    assert told(pieces(view([(100, 500), (700, 1000)], steps), 600, 900)) == [
        (600, 700, UNKNOWN), (700, 720, UP), (720, 800, DOWN), (800, 900, UP)
    ]  # fmt: skip
