"""Asking a pretend router over UDP on loopback."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import later
from cadence_exporter.model.observation import FailureReason, RouterWan
from cadence_exporter.observe.public_ip.natpmp import ask

CLOCK = SystemClock()
LOCALHOST = IPv4Address("127.0.0.1")
ADDRESS = IPv4Address("93.184.216.34")
ANSWER = struct.pack("!BBHI4s", 0, 128, 0, 5, ADDRESS.packed)
FORGED = struct.pack("!BBHI4s", 0, 128, 0, 5, IPv4Address("81.2.69.142").packed)

React = Callable[[socket.socket, tuple[str, int], int], None]


class Router:
    """Hands every packet, with its number, to ``react``."""

    def __init__(self, react: React) -> None:
        self.heard: list[bytes] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self._react = react
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            data, sender = self.socket.recvfrom(100)
            if data == b"stop":
                return
            self.heard.append(data)
            self._react(self.socket, sender, len(self.heard))

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"stop", ("127.0.0.1", self.port))
        self._thread.join(5)
        self.socket.close()


@pytest.fixture
def router() -> Iterator[Callable[[React], Router]]:
    routers: list[Router] = []

    def make(react: React) -> Router:
        routers.append(Router(react))
        return routers[-1]

    yield make
    for each in routers:
        each.close()


def question(port: int, within_s: float = 5.0) -> RouterWan:
    return ask(LOCALHOST, port, CLOCK, later(CLOCK.monotonic(), within_s))


def test_the_router_is_asked_once_and_answers(router: Callable[[React], Router]) -> None:
    there = router(lambda sock, sender, _: sock.sendto(ANSWER, sender) and None)
    assert question(there.port) == RouterWan(ADDRESS, 5)
    assert there.heard == [b"\x00\x00"]


def test_a_lost_packet_is_asked_again(router: Callable[[React], Router]) -> None:
    def react(sock: socket.socket, sender: tuple[str, int], number: int) -> None:
        if number == 2:
            sock.sendto(ANSWER, sender)

    assert question(router(react).port).address == ADDRESS


def test_an_answer_from_another_port_is_not_heard(router: Callable[[React], Router]) -> None:
    def react(sock: socket.socket, sender: tuple[str, int], _number: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.1", 0))
            stranger.sendto(FORGED, sender)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.2", 0))
            stranger.sendto(FORGED, sender)
        sock.sendto(ANSWER, sender)

    assert question(router(react).port).address == ADDRESS


@pytest.mark.parametrize("packet", [ANSWER[:11], ANSWER + b"\x00", ANSWER[::-1], ANSWER * 80])
def test_a_malformed_answer_is_a_failure(router: Callable[[React], Router], packet: bytes) -> None:
    there = router(lambda sock, sender, _: sock.sendto(packet, sender) and None)
    with pytest.raises(ProbeFailed) as caught:
        question(there.port)
    assert caught.value.reason is FailureReason.CONTENT


def test_a_silent_router_costs_the_deadline_at_most(router: Callable[[React], Router]) -> None:
    there = router(lambda *_: None)
    began = CLOCK.monotonic()
    with pytest.raises(ProbeFailed) as caught:
        question(there.port, 0.3)
    assert caught.value.reason is FailureReason.TIMEOUT
    assert CLOCK.monotonic() - began < 0.5
    assert len(there.heard) == 2


def test_a_silent_router_is_asked_three_times(router: Callable[[React], Router]) -> None:
    there = router(lambda *_: None)
    with pytest.raises(ProbeFailed):
        question(there.port)
    assert len(there.heard) == 3


def test_a_router_without_natpmp_refuses_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        port = placeholder.getsockname()[1]
    with pytest.raises(ProbeFailed) as caught:
        question(port)
    assert caught.value.reason is FailureReason.REFUSED


def test_nothing_is_asked_after_the_deadline(router: Callable[[React], Router]) -> None:
    there = router(lambda *_: None)
    with pytest.raises(ProbeFailed):
        question(there.port, -1.0)
    assert there.heard == []
