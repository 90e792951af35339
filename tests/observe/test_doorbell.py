"""The doorbell, on a clock that only moves while somebody waits."""

import itertools
import queue
import signal
import threading
from collections.abc import Iterator

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.decide.hints import BURST, MIN_SPACING_S, MOST_HINTS_AN_HOUR, REFILL_S
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.doorbell import QueueDoorbell
from tests.hand_clock import HandClock


class Inbox:
    """A SimpleQueue in which waiting moves the clock instead of taking time; ``later`` rings come at their instant."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.now: list[Reason] = []
        self.later: list[tuple[float, Reason]] = []

    def put(self, reason: Reason) -> None:
        self.now.append(reason)

    def qsize(self) -> int:
        return len(self.now)

    def get_nowait(self) -> Reason:
        if not self.now:
            raise queue.Empty
        return self.now.pop(0)

    def get(self, timeout: float) -> Reason:
        end = self.clock.seconds + timeout
        if self.later and self.later[0][0] <= end:
            self.clock.seconds, reason = self.later.pop(0)
            return reason
        self.clock.seconds = end + 1e-6
        raise queue.Empty


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def inbox(clock: HandClock) -> Inbox:
    return Inbox(clock)


@pytest.fixture
def bell(clock: HandClock, inbox: Inbox) -> QueueDoorbell:
    return QueueDoorbell(clock, inbox)  # type: ignore[arg-type]


def test_without_rings_the_cycle_is_due_at_its_time(bell: QueueDoorbell, clock: HandClock) -> None:
    assert bell.wait(Instant(1180.0)).reasons == {Reason.DUE}
    assert clock.seconds == pytest.approx(1180.0, abs=0.01)


def test_a_time_in_the_past_is_due_at_once(bell: QueueDoorbell, clock: HandClock) -> None:
    assert bell.wait(Instant(5.0)).reasons == {Reason.DUE}
    assert clock.seconds == 1000.0


def test_a_ring_brings_the_cycle_forward(bell: QueueDoorbell, clock: HandClock, inbox: Inbox) -> None:
    inbox.later = [(1010.0, Reason.NETLINK)]
    wakeup = bell.wait(Instant(1180.0))
    assert wakeup.reasons == {Reason.NETLINK}
    assert wakeup.hints
    assert clock.seconds == 1010.0


def test_rings_are_coalesced(bell: QueueDoorbell) -> None:
    for reason in (Reason.NETLINK, Reason.CHECK, Reason.NETLINK):
        bell.ring(reason)
    assert bell.wait(Instant(1180.0)).reasons == {Reason.NETLINK, Reason.CHECK}
    assert bell.wait(Instant(1180.0)).reasons == {Reason.DUE}


def test_hinted_wakeups_keep_their_distance(bell: QueueDoorbell, clock: HandClock) -> None:
    bell.ring(Reason.ANNOUNCEMENT)
    bell.wait(Instant(1180.0))
    bell.ring(Reason.ANNOUNCEMENT)
    assert bell.wait(Instant(1180.0)).reasons == {Reason.ANNOUNCEMENT}
    assert clock.seconds == pytest.approx(1000.0 + MIN_SPACING_S, abs=0.01)


def test_a_due_cycle_does_not_carry_a_hint_that_came_too_soon(bell: QueueDoorbell, clock: HandClock) -> None:
    bell.ring(Reason.SIGNAL)
    bell.wait(Instant(1180.0))
    bell.ring(Reason.SIGNAL)
    assert bell.wait(Instant(1001.0)).reasons == {Reason.DUE}
    assert bell.wait(Instant(1180.0)).reasons == {Reason.SIGNAL}
    assert clock.seconds == pytest.approx(1002.0, abs=0.01)


def test_a_flood_of_announcements_is_bounded_per_hour(bell: QueueDoorbell, clock: HandClock) -> None:
    hinted: list[float] = []
    while clock.seconds < 1000.0 + 3 * 3600:
        bell.ring(Reason.ANNOUNCEMENT)
        if bell.wait(Instant(clock.seconds + 30)).hints:
            hinted.append(clock.seconds)
    assert len(hinted) >= 2 * MOST_HINTS_AN_HOUR
    assert all(after - before >= 3600 for before, after in zip(hinted, hinted[MOST_HINTS_AN_HOUR:], strict=False))


class Home:
    """The loop's side of a doorbell under a flood: waits, works a tenth of a second, and waits again for the regular look."""

    def __init__(self, bell: QueueDoorbell, clock: HandClock, inbox: Inbox) -> None:
        self.bell, self.clock, self.inbox = bell, clock, inbox
        self.woken: list[tuple[float, frozenset[Reason]]] = []

    def live(self, seconds: float, every: float = 30.0) -> None:
        """For so long."""
        end = self.clock.seconds + seconds
        while self.clock.seconds < end:
            reasons = self.bell.wait(Instant(min(self.clock.seconds + every, end))).reasons
            self.woken.append((self.clock.seconds, reasons))
            self.clock.seconds += 0.1
            while self.inbox.later and self.inbox.later[0][0] <= self.clock.seconds:
                self.bell.ring(self.inbox.later.pop(0)[1])


def flood(reason: Reason, seconds: int, each_second: int = 1000) -> list[tuple[float, Reason]]:
    return [(1000.0 + n / each_second, reason) for n in range(seconds * each_second)]


def test_a_thousand_rings_a_second_for_a_minute_cost_a_look_each_spacing_and_no_more_than_the_burst(
    bell: QueueDoorbell, clock: HandClock, inbox: Inbox
) -> None:
    inbox.later = flood(Reason.ANNOUNCEMENT, 60)
    home = Home(bell, clock, inbox)
    home.live(60.0)
    hinted = [at for at, reasons in home.woken if Reason.ANNOUNCEMENT in reasons]
    assert BURST - 1 <= len(hinted) <= BURST
    assert min(after - before for before, after in itertools.pairwise(hinted)) >= MIN_SPACING_S
    assert len(inbox.now) <= 100


def test_regular_looks_come_as_ever_under_a_flood(bell: QueueDoorbell, clock: HandClock, inbox: Inbox) -> None:
    inbox.later = flood(Reason.ANNOUNCEMENT, 300, 100)
    home = Home(bell, clock, inbox)
    home.live(300.0)
    moments = [at for at, _ in home.woken]
    assert max(after - before for before, after in itertools.pairwise(moments)) <= 30.2
    assert len([reasons for _, reasons in home.woken if Reason.DUE in reasons]) >= 5


@pytest.mark.parametrize("reason", [Reason.NETLINK, Reason.RESUME, Reason.CHECK, Reason.SIGNAL, Reason.NIC_UPDATE])
@pytest.mark.parametrize("flooding", [Reason.ANNOUNCEMENT, Reason.UPNP, Reason.ROUTER, Reason.TRIPWIRE])
def test_a_flood_from_the_lan_keeps_nobody_waiting_whom_the_host_itself_vouches_for(
    bell: QueueDoorbell, clock: HandClock, inbox: Inbox, flooding: Reason, reason: Reason
) -> None:
    inbox.later = sorted([*flood(flooding, 200, 10), (1150.05, reason)])
    home = Home(bell, clock, inbox)
    home.live(200.0)
    (at,) = [at for at, reasons in home.woken if reason in reasons]
    assert at - 1150.05 <= MIN_SPACING_S


def test_what_the_router_answers_is_not_kept_waiting_by_forged_announcements(
    bell: QueueDoorbell, clock: HandClock, inbox: Inbox
) -> None:
    inbox.later = sorted([*flood(Reason.ANNOUNCEMENT, 200, 10), (1150.05, Reason.ROUTER)])
    home = Home(bell, clock, inbox)
    home.live(200.0)
    (at,) = [at for at, reasons in home.woken if Reason.ROUTER in reasons]
    assert at - 1150.05 <= MIN_SPACING_S


def test_after_a_flood_a_true_announcement_waits_two_minutes_at_most(
    bell: QueueDoorbell, clock: HandClock, inbox: Inbox
) -> None:
    inbox.later = [*flood(Reason.ANNOUNCEMENT, 60), (1200.0, Reason.ANNOUNCEMENT)]
    home = Home(bell, clock, inbox)
    home.live(60.0)
    home.woken.clear()
    home.live(1000.0)
    assert min(at for at, reasons in home.woken if Reason.ANNOUNCEMENT in reasons and at >= 1200.0) <= 1200.0 + REFILL_S


def test_a_ring_that_waits_already_is_not_kept_twice(bell: QueueDoorbell, clock: HandClock, inbox: Inbox) -> None:
    bell.ring(Reason.ANNOUNCEMENT)
    bell.wait(Instant(1180.0))
    bell.ring(Reason.ANNOUNCEMENT)
    bell.wait(Instant(1000.5))
    for _ in range(1000):
        bell.ring(Reason.ANNOUNCEMENT)
    assert inbox.now == []
    assert bell.wait(Instant(1180.0)).reasons == {Reason.ANNOUNCEMENT}


@pytest.mark.parametrize("reason", [Reason.STOP, Reason.RELOAD])
def test_stop_and_reload_pass_at_once(bell: QueueDoorbell, clock: HandClock, reason: Reason) -> None:
    bell.ring(Reason.CHECK)
    bell.wait(Instant(1180.0))
    bell.ring(Reason.CHECK)
    bell.ring(reason)
    assert bell.wait(Instant(1180.0)).reasons == {reason}
    assert clock.seconds == 1000.0
    assert bell.wait(Instant(1180.0)).reasons == {Reason.CHECK}


def test_a_stop_is_known_before_anybody_waits(bell: QueueDoorbell) -> None:
    bell.ring(Reason.RELOAD)
    assert not bell.stopping
    bell.ring(Reason.STOP)
    assert bell.stopping
    assert bell.wait(Instant(1180.0)).stops
    assert bell.stopping


def test_a_million_rings_do_not_fill_the_memory_and_do_not_keep_a_stop_out() -> None:
    bell = QueueDoorbell(SystemClock())
    for _ in range(5000):
        bell.ring(Reason.ANNOUNCEMENT)
    bell.ring(Reason.STOP)
    assert bell._inbox.qsize() == 1001
    assert bell.wait(later(SystemClock().monotonic(), 60)).stops


@pytest.fixture
def alarm() -> Iterator[None]:
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_a_signal_handler_may_ring_while_its_own_thread_waits(alarm: None) -> None:
    bell = QueueDoorbell(SystemClock())
    signal.signal(signal.SIGALRM, lambda *_: bell.ring(Reason.SIGNAL))
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    assert bell.wait(later(SystemClock().monotonic(), 30)).reasons == {Reason.SIGNAL}


def test_another_thread_may_ring() -> None:
    bell = QueueDoorbell(SystemClock())
    threading.Timer(0.02, bell.ring, (Reason.CHECK,)).start()
    assert bell.wait(later(SystemClock().monotonic(), 30)).reasons == {Reason.CHECK}
