"""A host that slept."""

import threading

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.listeners.board import ListenerBoard
from cadence_exporter.observe.listeners.listener import ListenerFailed
from cadence_exporter.observe.listeners.resume import Resume


class Looks(threading.Event):
    """A stop that is never waited for, and comes after so many looks."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.left = most

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        assert 0 < timeout <= 5
        self.left -= 1
        return self.left < 0


def rings(*asleep_s: float) -> int:
    rung: list[Reason] = []
    told = iter(asleep_s)
    board = ListenerBoard(rung.append)
    Resume(lambda: next(told)).listen(board.report("resume"), Looks(len(asleep_s) - 1))
    assert set(rung) <= {Reason.RESUME}
    assert board.hearings()[0].up is True
    return len(rung)


def test_a_host_that_stays_awake_never_rings() -> None:
    assert rings(0.0, 0.000004, 0.000001, 0.000009) == 0


def test_what_was_slept_before_it_began_to_listen_is_no_news() -> None:
    assert rings(86_400.0, 86_400.0) == 0


def test_each_sleep_rings_once() -> None:
    assert rings(10.0, 10.0, 700.0, 700.0, 702.0, 702.000002) == 2


def test_a_system_that_does_not_say_is_not_heard() -> None:
    with pytest.raises(ListenerFailed, match="does not say"):
        Resume(lambda: None).listen(ListenerBoard(lambda _: None).report("resume"), Looks(1))


def test_the_machines_own_clocks_say_how_long_it_slept() -> None:
    asleep = SystemClock().asleep_s()
    assert asleep is not None
    assert asleep > -0.001
