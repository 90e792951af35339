import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.model.delivery import Trouble
from cadence_exporter.model.memory import Phase
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from cadence_exporter.record.heartbeat import CHANNEL, LONGEST_SILENCE_S, USUAL_WAIT_S, Heartbeat
from cadence_exporter.record.sinks.board import SinkBoard
from cadence_exporter.record.sinks.courier import Courier
from cadence_exporter.record.sinks.outbox import Outbox
from cadence_exporter.simulate.lane import InlineLane
from tests.fakes.google import LOST, InProcess, serving
from tests.record.cycles import memory
from tests.record.sinks.sink_world import World

CANARY = "hunter2canary"


class Check:
    """healthchecks, or Uptime Kuma; ``fault(path)`` is a status, LOST or None."""

    def __init__(self, clock, *, kuma=False):
        self.clock, self.kuma = clock, kuma
        self.seen = []
        self.fault = lambda path: None

    def handle(self, method, url, headers, body):
        self.seen.append((method, url.partition(".invalid")[2] or url, (body or b"").decode()))
        fault = self.fault(url)
        if fault is not None:
            return fault, {}, CANARY.encode()
        return (200, {}, b'{"ok":true}') if self.kuma else (200, {}, b"OK")


class Watched(World):
    def begin(self, path=f"/{CANARY}", healthy_wait_s=USUAL_WAIT_S):
        self.check = Check(self.clock, kuma="/api/push/" in path)
        self.outbox = Outbox()
        self.outbox.open([CHANNEL])
        self.board = SinkBoard(self.clock, self.outbox)
        self.board.open({CHANNEL.name: Heartbeat.name})
        url = f"https://{CANARY}.invalid{path}"
        sink = Heartbeat(url, InProcess(self.check), self.outbox, self.clock, healthy_wait_s)
        self.courier = Courier(sink, InlineLane("heartbeat"), self.board, self.clock, LONGEST_SILENCE_S)


def test_each_healthy_cycle_is_a_ping():
    home = Watched()
    for _ in range(3):
        home.cycle()
    assert home.check.seen == [("GET", f"/{CANARY}", "")] * 3
    assert home.state.up


@pytest.mark.parametrize("phase", [Phase.INIT, Phase.DOWN, Phase.DEGRADED])
def test_a_home_that_is_not_up_is_silent(phase):
    home = Watched()
    for _ in range(5):
        home.cycle(after=memory(phase))
    assert home.check.seen == []


def test_a_loop_that_stands_still_is_silent():
    home = Watched()
    home.cycle()
    home.clock.seconds += 86400
    assert len(home.check.seen) == 1


def test_pings_are_a_minute_apart_however_quick_the_loop_is():
    home = Watched()
    for _ in range(600):
        home.cycle(pause=1.0)
    assert 8 <= len(home.check.seen) <= 10


def test_a_quick_pace_of_the_users_own_is_a_ping_for_each_regular_cycle_but_not_for_those_between():
    home = Watched()
    home.begin(healthy_wait_s=6.0)
    for _ in range(10):
        home.cycle(pause=5.0)
        home.cycle(pause=1.0)
    assert len(home.check.seen) == 10


def test_an_outage_is_logged_before_the_next_ping_and_only_once():
    home = Watched()
    home.cycle()
    home.outage(seconds=720)
    home.cycle()
    assert [(method, url) for method, url, _ in home.check.seen] == [
        ("GET", f"/{CANARY}"),
        ("POST", f"/{CANARY}/log"),
        ("GET", f"/{CANARY}"),
        ("GET", f"/{CANARY}"),
    ]
    assert home.check.seen[1][2].startswith("outage (wan) 20")
    assert home.check.seen[1][2].endswith("720 s offline")


def test_a_query_stays_behind_the_path():
    home = Watched()
    home.begin(f"/ping-key/slug?create=1&x={CANARY}")
    home.outage()
    assert [url for _, url, _ in home.check.seen] == [
        f"/ping-key/slug/log?create=1&x={CANARY}",
        f"/ping-key/slug?create=1&x={CANARY}",
    ]


def test_uptime_kuma_is_pushed_to_with_the_outage_in_the_message():
    home = Watched()
    home.begin(f"/api/push/{CANARY}?status=up&msg=OK&ping=")
    home.cycle()
    home.outage(seconds=60)
    first, second = (url for _, url, _ in home.check.seen)
    assert first == f"/api/push/{CANARY}?status=up&msg=OK&ping=295"
    assert "msg=outage+%28wan%29" in second
    assert home.state.backlog == 0


def test_a_page_that_is_not_kumas_is_no_success():
    home = Watched()
    home.begin(f"/api/push/{CANARY}")
    home.check.kuma = False
    home.cycle()
    assert home.state.trouble is Trouble.CONTENT


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (404, Trouble.NOT_FOUND),
        (409, Trouble.REJECTED),
        (429, Trouble.RATE_LIMITED),
        (500, Trouble.SERVER),
        (302, Trouble.REJECTED),
        (LOST, Trouble.TIMEOUT),
    ],
)
def test_what_goes_wrong_is_said_without_the_url_and_tried_again(status, trouble):
    home = Watched()
    home.check.fault = lambda path: status
    home.outage()
    assert home.state.trouble is trouble
    assert home.state.backlog == 1
    assert CANARY not in home.state.why
    home.check.fault = lambda path: None
    for _ in range(5):
        home.cycle()
    assert home.state.up
    assert sum("/log" in url for _, url, _ in home.check.seen) == 2


def test_a_log_that_arrived_is_not_repeated_because_the_ping_after_it_failed():
    home = Watched()
    home.check.fault = lambda path: None if path.endswith("/log") else 500
    home.outage()
    home.check.fault = lambda path: None
    for _ in range(3):
        home.cycle()
    assert sum("/log" in url for _, url, _ in home.check.seen) == 1


def test_over_loopback_with_the_real_client():
    clock = SystemClock()
    check = Check(clock)
    calls = CallLog()
    with serving(check.handle) as url:
        sink = Heartbeat(f"{url}/uuid", Https(clock, calls), Outbox(), clock)
        work = sink.plan(World().cycle())
        assert work is not None
        assert work() == 0
    assert check.seen == [("GET", "/uuid", "")]
    assert [(call.service, call.code) for call in calls.drain()] == [("heartbeat", "2xx")]


def test_a_service_that_is_back_after_hours_hears_the_home_within_minutes():
    home = Watched()
    home.check.fault = lambda path: 500
    for _ in range(100):
        home.cycle()
    home.check.fault = lambda path: None
    before = home.clock.seconds
    while not home.state.up:
        home.cycle(pause=30.0)
    assert home.clock.seconds - before <= LONGEST_SILENCE_S + 30.0


@pytest.mark.parametrize(("status", "waits"), [(404, 0), (405, 0), (400, 0), (429, 1), (500, 1), (LOST, 1)])
def test_a_log_that_nobody_takes_keeps_back_no_ping(status, waits):
    """The absence of pings is an alarm; there are services, and versions, without ``/log``."""
    home = Watched()
    home.check.fault = lambda path: status if path.endswith("/log") else None
    home.outage()
    for _ in range(10):
        home.cycle()
    assert sum(method == "GET" for method, _, _ in home.check.seen) == 11
    assert home.state.backlog == waits
    assert home.state.up is (waits == 0)
    home.check.fault = lambda path: None
    home.cycle()
    assert home.state.backlog == 0
    assert home.state.up
