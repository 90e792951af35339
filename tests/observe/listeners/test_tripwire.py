"""The tripwire and STUN servers on loopback: what rings, what is believed, and whom it asks."""

import socket
import threading
from collections.abc import Callable
from ipaddress import IPv4Address
from itertools import count

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.stun import StunFake, StunMode
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.listeners import tripwire as module
from cadence_exporter.observe.listeners.stun_servers import (
    LOOK_UP_AGAIN_S,
    NO_ADDRESS_S,
    Endpoint,
    StunServer,
)
from cadence_exporter.observe.listeners.tripwire import Tripwire
from cadence_exporter.observe.public_ip.last_word import LastWord
from tests.hand_clock import HandClock

HOME, MOVED = "93.184.216.34", "81.2.69.142"
PATIENCE_S = 10


class Told:
    """What the tripwire reports, to wait for."""

    def __init__(self):
        self.events = []
        self.packets = 0
        self._news = threading.Condition()

    def _take(self, event):
        with self._news:
            if not (event == "up" and self.events and self.events[-1] == "up"):
                self.events.append(event)
            self._news.notify_all()

    def up(self):
        self._take("up")

    def down(self, why):
        if self.count("down") == self.count("returned"):
            self._take("down")

    def ring(self, reason):
        assert reason is Reason.TRIPWIRE
        self._take("ring")

    def ignored(self, why):
        self._take(str(why))

    def sent(self, packets=1):
        self.packets += packets

    def count(self, event):
        return self.events.count(event)

    def wait_for(self, test: Callable[[list[str]], bool]):
        with self._news:
            assert self._news.wait_for(lambda: test(self.events), PATIENCE_S), self.events


class Scene:
    def __init__(self, servers, **more):
        self.told, self.word, self.clock = Told(), LastWord(), SystemClock()
        numbers = count(1)
        self.wire = Tripwire(
            [StunServer(host, port, self.clock, **more) for host, port in servers],
            self.word,
            self.clock,
            lambda size: next(numbers).to_bytes(size) if size > 1 else b"\x00",
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.wire.listen, args=(self.told, self._stop))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def said(self):
        word = self.word.read(self.clock.monotonic())
        return word and str(word.address)


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr(module, "EVERY_S", 0.02)
    monkeypatch.setattr(
        module, "SENDS_AT_S", (0.0, 0.1, 0.2)
    )  # on a busy machine loopback may need more than a few of them
    monkeypatch.setattr(module, "GIVE_UP_S", 0.3)
    monkeypatch.setattr(module, "SILENT_PAUSE_S", 0.02)
    monkeypatch.setattr(module, "IDLE_PAUSE_S", 0.02)


class Outside:
    """Two servers that see the same home."""

    def __init__(self):
        self.address = HOME
        self.servers = [StunFake(lambda: self.address) for _ in range(2)]

    def places(self):
        return [(each.host, each.port) for each in self.servers]

    def close(self):
        for each in self.servers:
            each.close()


@pytest.fixture
def outside():
    made = Outside()
    yield made
    made.close()


def test_it_hears_leaves_its_word_and_does_not_ring(outside):
    with Scene(outside.places()) as scene:
        scene.told.wait_for(lambda events: "up" in events)
        asked = outside.servers[0].requests
        while outside.servers[0].requests < asked + 3:
            pass
        assert scene.said() == HOME
        assert scene.told.events == ["up"]
    assert outside.servers[1].requests == 0  # the second one is for bad days
    assert len(outside.servers[0].heard_from) == 1  # one long-lived socket: its mapping is what is watched
    assert scene.told.packets >= 4


def test_another_address_rings(outside):
    with Scene(outside.places()) as scene:
        scene.told.wait_for(lambda events: "up" in events)
        outside.address = MOVED
        scene.told.wait_for(lambda events: "ring" in events)
        assert scene.said() == MOVED


def test_another_port_alone_is_counted_and_does_not_ring(outside):
    outside.servers[0].mapped_port = 40000
    with Scene(outside.places()) as scene:
        scene.told.wait_for(lambda events: "up" in events)
        outside.servers[0].mapped_port = 40001
        scene.told.wait_for(lambda events: "remapped" in events)
        assert scene.told.count("ring") == 0


def test_a_dead_server_is_no_outage_the_other_one_is_asked_from_then_on(outside, monkeypatch):
    monkeypatch.setattr(module, "GIVE_UP_S", 5.0)  # a busy machine is no silence
    with Scene(outside.places()) as scene:
        scene.told.wait_for(lambda events: "up" in events)
        outside.servers[0].mode = StunMode.OFF
        while outside.servers[1].requests < 5:
            pass
        assert scene.told.events == ["up"]


def test_silence_rings_once_and_so_does_the_first_answer_after_it(outside):
    with Scene(outside.places()) as scene:
        scene.told.wait_for(lambda events: "up" in events)
        for each in outside.servers:
            each.mode = StunMode.OFF
        scene.told.wait_for(lambda events: "ring" in events)
        for each in outside.servers:
            each.mode = StunMode.ANSWER
        scene.told.wait_for(lambda events: events.count("ring") == 2)
        assert [each for each in scene.told.events if each != "up"] == ["down", "ring", "ring"]


@pytest.mark.parametrize(
    ("mode", "why"),
    [(StunMode.FORGED, "unsolicited"), (StunMode.GARBAGE, "malformed"), (StunMode.ERROR, "malformed")],
)
def test_what_is_no_answer_to_our_question_is_ignored_and_says_nothing(outside, mode, why):
    outside.servers[0].mode = mode
    with Scene(outside.places()[:1]) as scene:
        scene.told.wait_for(lambda events: why in events and "down" in events)
        assert scene.said() is None
        assert "ring" not in scene.told.events


def test_a_stranger_who_knows_our_port_is_not_listened_to(outside):
    with Scene(outside.places()) as scene, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        scene.told.wait_for(lambda events: "up" in events)
        ((_, port),) = outside.servers[0].heard_from
        stranger.sendto(b"\x01\x01" + bytes(18), ("127.0.0.1", port))
        scene.told.wait_for(lambda events: "wrong_sender" in events)
        assert scene.said() == HOME


def test_what_it_knows_outlives_its_falls(outside):
    scene = Scene(outside.places())
    with scene:
        scene.told.wait_for(lambda events: "up" in events)
    outside.address = MOVED
    again = threading.Event()
    thread = threading.Thread(target=scene.wire.listen, args=(scene.told, again))
    thread.start()
    scene.told.wait_for(lambda events: "ring" in events)
    again.set()
    thread.join(PATIENCE_S)


def test_a_name_without_an_address_leaves_it_deaf_and_asking_nobody():
    def nobody(*_):
        raise socket.gaierror("no such name")

    with Scene([("stun.example.com", 3478)], resolver=nobody) as scene:
        scene.told.wait_for(lambda events: "down" in events)
        assert scene.told.packets == 0


class Names:
    """A resolver that counts."""

    def __init__(self, *addresses):
        self.addresses = addresses
        self.asked = 0

    def __call__(self, host, port, family, kind):
        self.asked += 1
        assert (family, kind) == (socket.AF_INET, socket.SOCK_DGRAM)
        if not self.addresses:
            raise socket.gaierror("no such name")
        return [(family, kind, 17, "", (address, port)) for address in self.addresses]


def server(host, *addresses):
    clock, names = HandClock(0.0), Names(*addresses)
    return StunServer(host, 3478, clock, names), clock, names


def test_a_name_is_looked_up_once_and_never_leads_into_the_house():
    stun, _, names = server("stun.example.com", "192.168.1.1", "127.0.0.1", "93.184.216.34")
    assert stun.endpoint() is None
    for _ in range(3):
        stun.look_up_if_unknown()
    assert stun.endpoint() == Endpoint("93.184.216.34", 3478)
    assert names.asked == 1


def test_a_name_of_this_machine_means_this_machine_only():
    stun, _, _ = server("localhost", "93.184.216.34", "127.0.0.1")
    stun.look_up_if_unknown()
    assert stun.endpoint() == Endpoint("127.0.0.1", 3478)


def test_an_unknown_name_is_not_asked_for_all_the_time_and_a_known_one_hardly_ever():
    stun, clock, names = server("stun.example.com")
    stun.look_up_if_unknown()
    clock.seconds = NO_ADDRESS_S - 1
    stun.look_up_if_unknown()
    assert names.asked == 1
    clock.seconds = NO_ADDRESS_S
    names.addresses = ("93.184.216.34",)
    stun.look_up_if_unknown()
    assert stun.endpoint() == Endpoint("93.184.216.34", 3478)
    stun.look_up_again()
    assert names.asked == 2
    clock.seconds += LOOK_UP_AGAIN_S
    names.addresses = ("81.2.69.142",)
    stun.look_up_again()
    assert stun.endpoint() == Endpoint("81.2.69.142", 3478)
    clock.seconds += LOOK_UP_AGAIN_S
    names.addresses = ()
    stun.look_up_again()
    assert stun.endpoint() == Endpoint("81.2.69.142", 3478)


def test_the_last_word_grows_old():
    word = LastWord()
    assert word.read(Instant(5.0)) is None
    word.say(IPv4Address(HOME), Instant(5.0))
    assert word.read(Instant(24.0)).is_fresh
    assert not word.read(Instant(25.0)).is_fresh
