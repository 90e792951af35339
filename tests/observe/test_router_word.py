"""Which of the router's two protocols speaks for it, and that nobody who is silent is waited for twice."""

from ipaddress import IPv4Address

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.natpmp_router import NatPmpMode, NatPmpRouter
from cadence_exporter.model.instants import later
from cadence_exporter.model.observation import Answered, Failed, RouterProtocol
from cadence_exporter.observe.gateway import Gateway
from cadence_exporter.observe.probe_lanes import ProbeLanes
from cadence_exporter.observe.public_ip import natpmp, ssdp
from cadence_exporter.observe.router_word import RouterWords
from cadence_exporter.settings.router_section import RouterSettings
from tests.servers.igd import HOME, Igd

CLOCK = SystemClock()
GATEWAY = Gateway(IPv4Address("127.0.0.1"), None)


class NoFaults:
    def caught(self, where, error):
        raise AssertionError(where) from error


class Home:
    def __init__(self):
        self.igd = Igd()
        self.natpmp = NatPmpRouter(lambda: HOME)
        self.lanes = ProbeLanes(CLOCK, NoFaults())

    def words(self, **settings):
        given = {"natpmp_port": self.natpmp.port, "upnp_port": self.igd.port, **settings}
        return RouterWords(RouterSettings.model_validate(given), self.lanes, CLOCK)

    def close(self):
        self.lanes.close()
        self.igd.close()
        self.natpmp.close()


@pytest.fixture
def home(monkeypatch):
    monkeypatch.setattr(natpmp, "_FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(ssdp, "_WAIT_S", 0.2)
    home = Home()
    yield home
    home.close()


def ask(words, gateway=GATEWAY, within_s=5.0):
    began = CLOCK.monotonic()
    word = words.start(gateway, later(began, within_s))
    reading = word.reading(later(began, within_s))
    return reading, CLOCK.monotonic() - began


def settle(words):
    """Until every lane is free again: who was asked and not waited for may be busy still."""
    for lane in words._lanes._lanes.values():
        if lane._current is not None:
            lane._current.result(5.0)


def by(reading):
    return reading.value.by if isinstance(reading, Answered) else None


def test_natpmp_speaks_and_upnp_is_left_in_peace(home):
    words = home.words()
    for _ in range(3):
        assert by(ask(words)[0]) is RouterProtocol.NATPMP
        settle(words)
    assert home.igd.asked.count("GetExternalIPAddress") <= 1  # asked once, beside the first question


def test_upnp_speaks_where_natpmp_is_off(home):
    reading, _ = ask(home.words(natpmp=False))
    assert (by(reading), reading.source, reading.value.address) == (RouterProtocol.UPNP, "upnp", IPv4Address(HOME))
    assert home.natpmp.requests == 0


def test_upnp_speaks_where_natpmp_is_silent_and_the_silence_is_waited_for_once(home, monkeypatch):
    monkeypatch.setattr(natpmp, "_FIRST_WAIT_S", 0.3)  # 2.1 seconds in all
    home.natpmp.mode = NatPmpMode.OFF
    words = home.words()
    assert by(ask(words)[0]) is RouterProtocol.UPNP
    settle(words)
    reading, took_s = ask(words)
    assert by(reading) is RouterProtocol.UPNP
    assert took_s < 0.5


def test_natpmp_speaks_again_as_soon_as_it_answers(home):
    home.natpmp.mode = NatPmpMode.OFF
    words = home.words()
    ask(words)
    settle(words)
    home.natpmp.mode = NatPmpMode.ANSWER
    ask(words)
    settle(words)
    asked = len(home.igd.asked)
    assert by(ask(words)[0]) is RouterProtocol.NATPMP
    assert len(home.igd.asked) == asked


def test_a_router_that_speaks_neither_is_waited_for_once(home):
    home.natpmp.mode = NatPmpMode.OFF
    home.igd.answers = []
    words = home.words()
    assert isinstance(ask(words)[0], Failed)
    settle(words)
    reading, took_s = ask(words)
    assert isinstance(reading, Failed)
    assert took_s < 0.3


def test_another_gateway_is_waited_for_anew(home):
    words = home.words(upnp=False)
    home.natpmp.mode = NatPmpMode.OFF
    ask(words)
    again = words.start(GATEWAY, CLOCK.monotonic())
    assert [patient for patient, _ in again._asked] == [False]
    settle(words)
    elsewhere = words.start(Gateway(IPv4Address("127.0.0.9"), None), CLOCK.monotonic())
    assert [patient for patient, _ in elsewhere._asked] == [True]
    settle(words)
    home.natpmp.mode = NatPmpMode.ANSWER
    settle(words)
    assert by(ask(words)[0]) is RouterProtocol.NATPMP


def test_nobody_is_asked_without_an_ipv4_gateway_or_with_both_switched_off(home):
    deadline = later(CLOCK.monotonic(), 1.0)
    assert home.words().start(None, deadline) is None
    assert home.words(natpmp=False, upnp=False).start(GATEWAY, deadline) is None
    assert home.igd.asked == []
