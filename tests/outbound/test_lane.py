"""A hung call costs its own lane only."""

import subprocess
import sys
import threading

import pytest

from cadence_exporter.outbound.lane import Lane, LaneBusy


def test_work_is_done_in_the_lane_and_its_value_handed_back() -> None:
    lane = Lane("a lane")
    assert lane.submit(lambda: threading.current_thread().name).result(5) == "a lane"
    lane.close()


def test_what_the_work_raises_is_raised_to_the_one_who_asks() -> None:
    lane = Lane("raises")
    with pytest.raises(ZeroDivisionError):
        lane.submit(lambda: 1 / 0).result(5)
    assert lane.submit(lambda: 7).result(5) == 7
    lane.close()


def test_a_hung_lane_is_busy_and_nothing_is_queued_behind_the_hung_call() -> None:
    lane, release = Lane("hung"), threading.Event()
    ticket = lane.submit(lambda: release.wait(30))
    with pytest.raises(TimeoutError):
        ticket.result(0.01)
    assert lane.busy
    with pytest.raises(LaneBusy):
        lane.submit(lambda: None)
    release.set()
    assert ticket.result(5) is True
    assert not lane.busy
    lane.close()


def test_a_closed_lane_lets_its_thread_end() -> None:
    lane = Lane("to be closed")
    thread = lane.submit(threading.current_thread).result(5)
    lane.close()
    thread.join(5)
    assert not thread.is_alive()


def test_a_hung_lane_does_not_hold_up_the_end_of_the_process() -> None:
    program = (
        "import threading\n"
        "from cadence_exporter.outbound.lane import Lane\n"
        "started = threading.Event()\n"
        "Lane('hung').submit(lambda: (started.set(), threading.Event().wait(60)))\n"
        "started.wait(5)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)


def test_a_lane_that_gets_no_thread_is_busy_and_works_as_soon_as_it_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the first trace of an outage would end the process on a host at its limit of threads."""
    lane = Lane("trace")

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        for _ in range(2):
            with pytest.raises(LaneBusy):
                lane.submit(lambda: 1)
    assert lane.submit(lambda: 2).result(5.0) == 2
    lane.close()
