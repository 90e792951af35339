"""Listeners fall, hang and lie; the supervisor starts them again, and nobody else notices."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cadence_exporter.clock import SystemClock
from cadence_exporter.model.hearing import Hearing
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.listeners.board import ListenerBoard
from cadence_exporter.observe.listeners.listener import Listener, ListenerFailed, Report
from cadence_exporter.observe.listeners.supervisor import FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_S, Supervisor
from tests.hand_clock import HandClock


class Scripted:
    """Does what it is told, run by run; the last one is repeated."""

    name = "resume"

    def __init__(self, *runs: Callable[[Report, threading.Event], None]) -> None:
        self.runs = list(runs)
        self.begun = 0

    def listen(self, report: Report, stop: threading.Event) -> None:
        run = self.runs[min(self.begun, len(self.runs) - 1)]
        self.begun += 1
        run(report, stop)


class Caught:
    def __init__(self) -> None:
        self.errors: list[tuple[str, Exception]] = []

    def caught(self, where: str, error: Exception) -> None:
        self.errors.append((where, error))


class Told:
    """What the board tells, to wait for."""

    def __init__(self) -> None:
        self.hearings: list[Hearing] = []
        self._news = threading.Condition()

    def __call__(self, hearing: Hearing) -> None:
        with self._news:
            self.hearings.append(hearing)
            self._news.notify_all()

    def until(self, test: Callable[[Hearing], bool]) -> Hearing:
        with self._news:
            assert self._news.wait_for(lambda: any(map(test, self.hearings)), 10), self.hearings
            return next(filter(test, self.hearings))


@contextmanager
def supervised(listener: Listener, board: ListenerBoard, faults: Caught | None = None) -> Iterator[Supervisor]:
    supervisor = Supervisor([listener], board, SystemClock(), faults or Caught())
    supervisor.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()
        assert supervisor.join(10)


def hear(report: Report, stop: threading.Event) -> None:
    report.up()
    stop.wait()


def test_a_listener_that_hears_is_shown_as_up_and_its_rings_reach_the_bell() -> None:
    rung: list[Reason] = []
    told = Told()
    board = ListenerBoard(rung.append, told)

    def ring(report: Report, stop: threading.Event) -> None:
        report.sent(3)
        report.ignored("malformed")
        report.ring(Reason.RESUME)
        hear(report, stop)

    with supervised(Scripted(ring), board):
        told.until(lambda hearing: hearing.up is True)
        (hearing,) = board.hearings()
        assert (hearing.up, hearing.rings, hearing.packets, dict(hearing.ignored)) == (True, 1, 3, {"malformed": 1})
    assert rung == [Reason.RESUME]


def test_one_that_fell_is_down_with_its_reason_and_is_started_again() -> None:
    told = Told()

    def fall(report: Report, stop: threading.Event) -> None:
        raise ListenerFailed("the port is taken")

    listener = Scripted(fall, hear)
    with supervised(listener, ListenerBoard(lambda _: None, told)):
        assert told.until(lambda hearing: hearing.up is False).why == "the port is taken"
        told.until(lambda hearing: hearing.up is True)
    assert listener.begun == 2


def test_an_error_that_no_listener_may_raise_is_counted_and_it_is_started_again_all_the_same() -> None:
    told, caught = Told(), Caught()

    def bug(report: Report, stop: threading.Event) -> None:
        raise ZeroDivisionError

    with supervised(Scripted(bug, hear), ListenerBoard(lambda _: None, told), caught):
        assert told.until(lambda hearing: hearing.up is False).why == "ZeroDivisionError"
        told.until(lambda hearing: hearing.up is True)
    assert [where for where, _ in caught.errors] == ["listen"]


def test_one_that_returns_though_nobody_asked_it_to_has_fallen() -> None:
    told = Told()
    with supervised(Scripted(lambda report, stop: None), ListenerBoard(lambda _: None, told)):
        assert told.until(lambda hearing: hearing.up is False).why == "it ended by itself"


def test_an_os_error_is_said_in_the_systems_words() -> None:
    told = Told()

    def refused(report: Report, stop: threading.Event) -> None:
        raise PermissionError(1, "Operation not permitted", "/some/path")

    with supervised(Scripted(refused), ListenerBoard(lambda _: None, told)):
        assert told.until(lambda hearing: hearing.up is False).why == "Operation not permitted"


class Pauses(threading.Event):
    """A stop that notes how long it is waited for, and is set after ``most`` waits."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.waited: list[float | None] = []
        self.most = most

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        if len(self.waited) >= self.most:
            self.set()
        return self.is_set()


def run_in_place(listener: Listener, clock: HandClock, runs: int) -> list[float | None]:
    supervisor = Supervisor([listener], ListenerBoard(lambda _: None), clock, Caught())
    stop = Pauses(runs)
    supervisor._stop = stop
    supervisor.start()
    assert supervisor.join(10)
    return stop.waited


def test_the_pauses_grow_up_to_the_longest_so_that_a_taken_port_costs_next_to_nothing() -> None:
    pauses = run_in_place(Scripted(lambda report, stop: None), HandClock(0.0), 12)
    assert pauses[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S


def test_one_that_listened_long_before_it_fell_begins_with_the_first_pause() -> None:
    clock = HandClock(0.0)

    def steady(report: Report, stop: threading.Event) -> None:
        clock.seconds += STEADY_S

    fall = Scripted(lambda report, stop: None, lambda report, stop: None, lambda report, stop: None, steady)
    assert run_in_place(fall, clock, 4)[-1] == FIRST_PAUSE_S


def test_after_a_stop_a_listener_that_hangs_rings_no_more_and_is_shown_as_switched_off() -> None:
    rung: list[Reason] = []
    reports: list[Report] = []
    board = ListenerBoard(rung.append)
    let_go, begun = threading.Event(), threading.Event()

    def hang(report: Report, stop: threading.Event) -> None:
        report.up()
        reports.append(report)
        begun.set()
        let_go.wait(10)

    supervisor = Supervisor([Scripted(hang)], board, SystemClock(), Caught())
    supervisor.start()
    assert begun.wait(10)
    supervisor.stop()
    reports[0].ring(Reason.RESUME)
    reports[0].up()
    reports[0].down("late")
    (hearing,) = board.hearings()
    assert (hearing.up, hearing.rings, rung) == (None, 0, [])
    let_go.set()
    assert supervisor.join(10)


def test_counts_go_on_over_a_reload() -> None:
    told = Told()
    board = ListenerBoard(lambda _: None, told)

    def ring(report: Report, stop: threading.Event) -> None:
        report.ring(Reason.RESUME)
        hear(report, stop)

    for _ in range(2):
        told.hearings.clear()
        with supervised(Scripted(ring), board):
            told.until(lambda hearing: hearing.up is True)
    assert board.hearings()[0].rings == 2


def test_what_is_the_same_as_before_is_not_told_again() -> None:
    told: list[Hearing] = []
    report = ListenerBoard(lambda _: None, told.append).report("resume")
    for _ in range(3):
        report.up()
    for _ in range(3):
        report.down("silent")
    assert [(hearing.up, hearing.why) for hearing in told] == [(True, ""), (False, "silent")]
