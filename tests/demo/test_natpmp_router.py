import socket
import struct
from collections.abc import Iterator

import pytest

from cadence_exporter.demo.natpmp_router import NatPmpMode, NatPmpRouter
from tests.hand_clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def router(clock: HandClock) -> Iterator[NatPmpRouter]:
    with NatPmpRouter(lambda: "93.184.216.34", clock) as router:
        yield router


def ask(router: NatPmpRouter, request: bytes = b"\x00\x00", timeout_s: float = 5.0) -> tuple[int, int, int, int, str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout_s)
        sock.connect((router.host, router.port))
        sock.send(request)
        version, opcode, result, epoch, address = struct.unpack("!BBHI4s", sock.recv(64))
    return version, opcode, result, epoch, socket.inet_ntoa(address)


def test_it_says_its_address_and_how_long_it_has_been_up(router: NatPmpRouter, clock: HandClock) -> None:
    clock.seconds += 75.5
    assert ask(router) == (0, 128, 0, 75, "93.184.216.34")
    router.reboot()
    assert ask(router) == (0, 128, 0, 0, "93.184.216.34")
    assert router.requests == 2


def test_it_may_say_something_else_or_nothing(router: NatPmpRouter) -> None:
    router.says = "100.64.1.2"
    assert ask(router)[4] == "100.64.1.2"
    router.says = None
    router.mode = NatPmpMode.SWAPPED
    assert ask(router)[4] == "34.216.184.93"
    router.mode = NatPmpMode.NO_ADDRESS
    assert ask(router) == (0, 128, 3, 0, "0.0.0.0")
    router.mode = NatPmpMode.OFF
    with pytest.raises(TimeoutError):
        ask(router, timeout_s=0.1)


def test_what_it_does_not_speak_is_refused_by_the_book(router: NatPmpRouter) -> None:
    assert ask(router, b"\x02\x00" + bytes(22))[2] == 1
    assert ask(router, b"\x00\x01" + bytes(10))[:3] == (0, 129, 5)


def test_it_may_be_closed_twice() -> None:
    router = NatPmpRouter(lambda: "93.184.216.34")
    router.close()
    router.close()
