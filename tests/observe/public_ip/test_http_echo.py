"""Which echo services are asked when, on loopback."""

import socket
import threading
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.model.address import Family
from cadence_exporter.model.assessment import Unknown
from cadence_exporter.model.instants import later
from cadence_exporter.model.memory import EchoPlan
from cadence_exporter.model.observation import Answered, EchoRound, Failed, FailureReason
from cadence_exporter.observe.probe_lanes import ProbeLanes
from cadence_exporter.observe.public_ip.http_echo import EchoPanel
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https

CLOCK = SystemClock()
HOME = IPv4Address("93.184.216.34")
MOVED = IPv4Address("81.2.69.142")
QUIET = EchoPlan(first=1, expected=HOME)


class NoFaults:
    """A border that nothing may cross."""

    def __init__(self) -> None:
        self.seen: list[Exception] = []

    def caught(self, where: str, error: Exception) -> None:
        self.seen.append(error)


class Services:
    """Echo services on loopback, and which of them were asked."""

    def __init__(self, loopback: Any, *answers: object) -> None:
        self.asked: list[int] = []
        self.urls = tuple(
            f"http://127.0.0.1:{loopback.serve(self._talk(loopback, number, answer))}/"
            for number, answer in enumerate(answers)
        )

    def _talk(self, loopback: Any, number: int, answer: object) -> Any:
        def talk(connection: socket.socket) -> None:
            connection.recv(65536)
            self.asked.append(number)
            if isinstance(answer, threading.Event):
                answer.wait(20)
            else:
                connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(str(answer))}\r\n\r\n{answer}".encode())

        return talk


@pytest.fixture
def lanes() -> Iterator[ProbeLanes]:
    faults = NoFaults()
    made = ProbeLanes(CLOCK, faults)
    yield made
    made.close()
    assert faults.seen == []


def panel(services: Services, lanes: ProbeLanes) -> EchoPanel:
    return EchoPanel(Family.IPV4, services.urls, Https(CLOCK, CallLog(), environ={}), lanes, CLOCK)


def read(
    panel: EchoPanel, plan: EchoPlan | None, router_says: IPv4Address | None = None, within_s: float = 5.0
) -> EchoRound:
    vouched = plan.vouched(router_says, None) if plan else None
    return panel.read(plan, vouched, (), later(CLOCK.monotonic(), within_s))


def said(echo: EchoRound) -> list[object]:
    return [reading.value.address if isinstance(reading, Answered) else reading.reason for reading in echo.readings]


def test_without_a_plan_everyone_is_asked(loopback: Any, lanes: ProbeLanes) -> None:
    services = Services(loopback, HOME, HOME, MOVED, "<html>")
    echo = read(panel(services, lanes), None)
    assert said(echo) == [HOME, HOME, MOVED, FailureReason.CONTENT]
    assert (echo.configured, echo.spared) == (4, False)
    assert [reading.source for reading in echo.readings] == list(services.urls)


def test_one_voice_that_confirms_what_is_believed_is_enough(loopback: Any, lanes: ProbeLanes) -> None:
    services = Services(loopback, HOME, HOME, HOME)
    assert said(read(panel(services, lanes), QUIET)) == [HOME]
    assert services.asked == [0]


@pytest.mark.parametrize("turn", [0, 1, 2, 3, 7])
def test_the_services_take_turns(loopback: Any, lanes: ProbeLanes, turn: int) -> None:
    services = Services(loopback, HOME, HOME, HOME)
    read(panel(services, lanes), EchoPlan(first=1, turn=turn, expected=HOME))
    assert services.asked == [turn % 3]


def test_the_quorum_asked_first_has_independent_voices(loopback: Any, lanes: ProbeLanes) -> None:
    urls = ("https://ipv4.icanhazip.com", "https://1.1.1.1/cdn-cgi/trace", "https://api.ipify.org")
    order = EchoPanel(Family.IPV4, urls, Https(CLOCK, CallLog(), environ={}), lanes, CLOCK)._order(0)
    assert order == [urls[0], urls[2], urls[1]]


@pytest.mark.parametrize("first", [MOVED, "<html>", ""])
def test_anything_unexpected_brings_in_the_whole_panel(loopback: Any, lanes: ProbeLanes, first: object) -> None:
    services = Services(loopback, first, HOME, HOME)
    echo = read(panel(services, lanes), QUIET)
    assert said(echo)[1:] == [HOME, HOME]
    assert sorted(services.asked) == [0, 1, 2]


def test_a_first_voice_that_hangs_leaves_time_for_the_others(loopback: Any, lanes: ProbeLanes) -> None:
    services = Services(loopback, loopback.over, HOME, HOME)
    assert said(read(panel(services, lanes), QUIET, within_s=1.0)) == [FailureReason.TIMEOUT, HOME, HOME]


def test_a_router_that_still_says_the_same_spares_every_call(loopback: Any, lanes: ProbeLanes) -> None:
    services = Services(loopback, HOME)
    plan = EchoPlan(first=1, expected=HOME, spare_if_router_says=HOME)
    assert read(panel(services, lanes), plan, HOME) == EchoRound((), 1, spared=True)
    assert services.asked == []


@pytest.mark.parametrize("router_says", [None, HOME])
def test_a_rest_asks_nobody(loopback: Any, lanes: ProbeLanes, router_says: IPv4Address | None) -> None:
    services = Services(loopback, HOME)
    plan = EchoPlan(first=0, spare_if_router_says=HOME, meanwhile=Unknown("silence"))
    assert read(panel(services, lanes), plan, router_says) == EchoRound((), 1, spared=True)
    assert services.asked == []


def test_a_rest_ends_at_another_word_of_the_router(loopback: Any, lanes: ProbeLanes) -> None:
    plan = EchoPlan(first=0, spare_if_router_says=HOME, meanwhile=Unknown("silence"))
    assert said(read(panel(Services(loopback, HOME, HOME), lanes), plan, MOVED)) == [HOME, HOME]


@pytest.mark.parametrize("router_says", [None, MOVED])
def test_a_router_that_says_something_else_spares_nothing(
    loopback: Any, lanes: ProbeLanes, router_says: IPv4Address | None
) -> None:
    services = Services(loopback, HOME)
    plan = EchoPlan(first=1, expected=HOME, spare_if_router_says=HOME)
    assert said(read(panel(services, lanes), plan, router_says)) == [HOME]


def test_a_plan_without_a_router_is_not_spared_by_a_router_without_an_address(loopback: Any, lanes: ProbeLanes) -> None:
    services = Services(loopback, HOME)
    assert not read(panel(services, lanes), QUIET, None).spared


def test_no_services_make_an_empty_round(loopback: Any, lanes: ProbeLanes) -> None:
    for plan in (None, QUIET):
        assert read(panel(Services(loopback), lanes), plan) == EchoRound((), 0)


def test_a_lane_that_still_hangs_says_so_and_asks_nothing_more(loopback: Any, lanes: ProbeLanes) -> None:
    release = threading.Event()

    class Stuck(Https):
        def call(self, *_args: object) -> Any:
            release.wait(20)
            raise AssertionError("released only when the test is over")

    there = EchoPanel(Family.IPV4, ("http://127.0.0.1:1/",), Stuck(CLOCK, CallLog(), environ={}), lanes, CLOCK)
    (first,) = read(there, None, within_s=0.05).readings
    (second,) = read(there, None, within_s=5.0).readings
    assert isinstance(first, Failed)
    assert isinstance(second, Failed)
    assert (first.detail, second.detail) == ("no answer in time", "still waiting for an earlier call")
    assert second.reason is FailureReason.TIMEOUT


def test_a_router_that_names_another_address_brings_in_everyone_at_once(loopback: Any, lanes: ProbeLanes) -> None:
    services = Services(loopback, HOME, HOME, HOME)
    plan = EchoPlan(first=1, expected=HOME, spare_if_router_says=HOME)
    assert len(read(panel(services, lanes), plan, MOVED).readings) == 3
    assert len(read(panel(services, lanes), plan, None).readings) == 1
