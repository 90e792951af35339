"""The question to the router, on a clock that moves only while the watch waits; the router is a real one on loopback."""

import threading
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address

import pytest

from cadence_exporter.demo.natpmp_router import NatPmpMode, NatPmpRouter
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.gateway import Gateway
from cadence_exporter.observe.listeners.board import ListenerBoard
from cadence_exporter.observe.listeners.router_watch import AGAIN_S, PATIENT_S, SELDOM_S, RouterWatch
from cadence_exporter.observe.public_ip import natpmp
from tests.hand_clock import HandClock

EVERY_S = 5.0
LOOPBACK = IPv4Address("127.0.0.1")


class Script(threading.Event):
    """A stop in whose waits the time passes and things happen."""

    def __init__(self, clock: HandClock, happenings: list[tuple[float, Callable[[], None]]], seconds: float) -> None:
        super().__init__()
        self.clock = clock
        self.end = clock.seconds + seconds
        self.happenings = [(clock.seconds + at, act) for at, act in happenings]

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        until = self.clock.seconds + timeout
        while self.happenings and self.happenings[0][0] <= until:
            self.clock.seconds, act = self.happenings.pop(0)
            act()
        self.clock.seconds = until
        if until >= self.end:
            self.set()
        return self.is_set()


class Home:
    def __init__(self, router: NatPmpRouter, clock: HandClock) -> None:
        self.router, self.clock = router, clock
        self.gateway: IpAddress | None = LOOPBACK
        self.address = "93.184.216.34"
        self.rings: list[float] = []
        self.board = ListenerBoard(self._ring)
        self.watch = RouterWatch(
            lambda: Gateway(self.gateway, None) if self.gateway else None, router.port, EVERY_S, clock
        )
        self.begin = clock.seconds

    def _ring(self, reason: Reason) -> None:
        assert reason is Reason.ROUTER
        self.rings.append(self.clock.seconds - self.begin)

    def live(self, seconds: float, *happenings: tuple[float, Callable[[], None]]) -> list[float]:
        self.watch.listen(self.board.report("router_watch"), Script(self.clock, list(happenings), seconds))
        return self.rings

    def says(self, mode: NatPmpMode) -> Callable[[], None]:
        def act() -> None:
            self.router.mode = mode

        return act

    def renumbers(self, address: str = "81.2.69.142") -> None:
        self.router.says = address

    def moves_to(self, address: IpAddress | None) -> Callable[[], None]:
        def act() -> None:
            self.gateway = address

        return act


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setattr(natpmp, "_FIRST_WAIT_S", 0.02)  # the real time that a silent router costs this test
    clock = HandClock()
    router = NatPmpRouter(lambda: "93.184.216.34", clock)
    yield Home(router, clock)
    router.close()


def twice(at: float) -> list[float]:
    return [at, at + AGAIN_S]


def test_a_router_that_says_the_same_never_rings_and_costs_a_packet_each_time(home: Home) -> None:
    assert home.live(600.0) == []
    (hearing,) = home.board.hearings()
    assert hearing.up is True
    assert hearing.packets == home.router.requests == 600 / EVERY_S


def test_another_address_rings_within_the_pace_and_once_more_soon_after(home: Home) -> None:
    assert home.live(60.0, (21.0, home.renumbers)) == twice(25.0)


def test_no_wan_address_rings_and_so_does_its_return(home: Home) -> None:
    rings = home.live(60.0, (11.0, home.says(NatPmpMode.NO_ADDRESS)), (31.0, home.says(NatPmpMode.ANSWER)))
    assert rings == [*twice(15.0), *twice(32.0)]


def test_an_epoch_that_ran_back_rings_though_the_address_is_the_same(home: Home) -> None:
    assert home.live(60.0, (31.0, home.router.reboot)) == twice(35.0)


def test_a_router_that_falls_silent_rings_once_and_again_when_it_speaks(home: Home) -> None:
    rings = home.live(120.0, (11.0, home.says(NatPmpMode.OFF)), (61.0, home.says(NatPmpMode.ANSWER)))
    assert rings == [*twice(15.0), *twice(62.0)]


def test_while_it_is_silent_it_is_shown_as_such(home: Home) -> None:
    home.live(30.0, (11.0, home.says(NatPmpMode.OFF)))
    (hearing,) = home.board.hearings()
    assert (hearing.up, hearing.why) == (False, "the router has fallen silent (no NAT-PMP answer)")


def test_one_that_is_silent_for_long_is_asked_seldom(home: Home) -> None:
    home.live(PATIENT_S + 20, (11.0, home.router.close))  # its port refuses
    before = home.board.hearings()[0].packets
    assert before >= PATIENT_S / EVERY_S
    home.live(4 * SELDOM_S)
    assert home.board.hearings()[0].packets - before <= 12


def test_one_that_never_spoke_is_no_error_is_asked_seldom_and_rings_never(home: Home) -> None:
    home.router.mode = NatPmpMode.OFF
    assert home.live(3600.0) == []
    (hearing,) = home.board.hearings()
    assert (hearing.up, hearing.why) == (False, "the router does not speak NAT-PMP (no NAT-PMP answer)")
    assert hearing.packets <= 3 * (6 + 3600 / SELDOM_S)


def test_one_on_which_it_is_switched_on_later_is_heard_from_then_on(home: Home) -> None:
    home.router.mode = NatPmpMode.OFF
    rings = home.live(2000.0, (300.0, home.says(NatPmpMode.ANSWER)), (1200.0, home.renumbers))
    assert rings == twice(1200.0)


def test_another_gateway_rings_and_what_the_old_one_said_is_forgotten(home: Home) -> None:
    def another() -> None:
        home.gateway = IPv4Address("127.0.0.2")

    assert home.live(60.0, (21.0, another)) == twice(25.0)
    assert home.board.hearings()[0].why.startswith("the router does not speak NAT-PMP")


def test_another_gateway_is_asked_at_once_even_when_the_old_one_was_asked_seldom(home: Home) -> None:
    home.gateway = IPv4Address("127.0.0.2")
    home.live(1800.0)
    assert home.board.hearings()[0].up is False
    home.live(12.0, (4.0, home.moves_to(LOOPBACK)))
    assert home.board.hearings()[0].up is True


def test_a_moment_without_a_route_rings_as_silence_does_and_the_same_router_after_it_is_compared(home: Home) -> None:
    rings = home.live(60.0, (11.0, home.moves_to(None)), (21.0, home.renumbers), (31.0, home.moves_to(LOOPBACK)))
    assert rings == [*twice(15.0), *twice(32.0)]


@pytest.mark.parametrize("gateway", [None, IPv6Address("fe80::1")])
def test_without_an_ipv4_router_nobody_is_asked(home: Home, gateway: IpAddress | None) -> None:
    home.gateway = gateway
    assert home.live(60.0) == []
    assert home.board.hearings()[0].up is False
    assert home.router.requests == 0


def test_garbage_is_no_answer(home: Home) -> None:
    assert home.live(30.0, (11.0, home.says(NatPmpMode.GARBAGE))) == twice(15.0)
