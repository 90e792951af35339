"""The whole stage against a pretend home on loopback, and with everything hung."""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import Any

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.memory import EchoPlan, Memory, Phase
from cadence_exporter.model.observation import Answered, Failed, FailureReason, Observation, RouterWan
from cadence_exporter.observe import crew as crew_module
from cadence_exporter.observe import gateway as gateway_module
from cadence_exporter.observe import router_word
from cadence_exporter.observe.crew import ProbeCrew
from cadence_exporter.observe.probe_lanes import GRACE_S
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from cadence_exporter.settings.schema import Settings

CLOCK = SystemClock()
HOME = IPv4Address("93.184.216.34")
ECHO = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n93.184.216.34"
SLACK_S = 0.05 + GRACE_S


class Counted:
    """Where the crew's border puts what it caught."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Exception]] = []

    def caught(self, where: str, error: Exception) -> None:
        self.seen.append((where, error))


@pytest.fixture
def router_port() -> Iterator[int]:
    """A router that speaks NAT-PMP and says HOME."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]

        def serve() -> None:
            while True:
                data, sender = sock.recvfrom(100)
                if data == b"stop":
                    return
                sock.sendto(struct.pack("!BBHI4s", 0, 128, 0, 5, HOME.packed), sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield port
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"stop", ("127.0.0.1", port))
        thread.join(5)


class Home:
    """Settings that point at loopback, and the crew made from them."""

    def __init__(self, **sections: Any) -> None:
        base: dict[str, Any] = {
            "loop": {"probe_timeout": "5s"},
            "router": {"address": "127.0.0.1", "natpmp": False, "upnp": False},
            "wan": {"targets": ["tcp://127.0.0.1:1"]},
            "public_ip": {"echo": ["http://127.0.0.1:1/"], "quorum": 1},
        }
        merged = {key: {**base.get(key, {}), **sections.get(key, {})} for key in {*base, *sections}}
        self.faults = Counted()
        self.log = CallLog()
        self.crew = ProbeCrew(CLOCK, Settings.model_validate(merged), Https(CLOCK, self.log, environ={}), self.faults)

    def observe(self, plan: EchoPlan | None = None, *, hinted: bool = False) -> Observation:
        plans = {Family.IPV4: plan} if plan else {}
        memory = Memory(Phase.UP, CLOCK.now(), echo_plans=MappingProxyType(plans))
        return self.crew.observe(CLOCK.now(), memory, hinted=hinted)


@pytest.fixture
def home() -> Iterator[Callable[..., Home]]:
    homes: list[Home] = []

    def make(**sections: Any) -> Home:
        homes.append(Home(**sections))
        return homes[-1]

    yield make
    for each in homes:
        each.crew.close()


def test_a_healthy_home_is_seen_whole(loopback: Any, home: Callable[..., Home], router_port: int) -> None:
    target = f"tcp://127.0.0.1:{loopback.serve(loopback.silent)}"
    urls = [f"http://127.0.0.1:{loopback.answer(ECHO)}/" for _ in range(3)]
    here = home(
        router={"natpmp": True, "natpmp_port": router_port}, wan={"targets": [target]}, public_ip={"echo": urls}
    )
    seen = here.observe()
    assert isinstance(seen.router, Answered)
    assert seen.router.value.address == seen.gateway == IPv4Address("127.0.0.1")
    assert [(reading.source, type(reading)) for reading in seen.wan] == [(target, Answered)]
    assert isinstance(seen.router_wan, Answered)
    assert seen.router_wan.value == RouterWan(HOME, 5)
    assert {r.value.address for r in seen.echo[Family.IPV4].readings if isinstance(r, Answered)} == {HOME}
    assert len(here.log.drain()) == 3
    assert 0 < seen.took_s < 5
    assert here.faults.seen == []


def test_a_router_that_says_the_same_spares_the_echo_services(
    loopback: Any, home: Callable[..., Home], router_port: int
) -> None:
    url = f"http://127.0.0.1:{loopback.answer(ECHO)}/"
    here = home(router={"natpmp": True, "natpmp_port": router_port}, public_ip={"echo": [url], "quorum": 1})
    plan = EchoPlan(first=1, expected=HOME, spare_if_router_says=HOME)
    assert here.observe(plan).echo[Family.IPV4].spared
    assert here.log.drain() == ()
    hinted = here.observe(plan, hinted=True).echo[Family.IPV4]
    assert (hinted.spared, len(hinted.readings)) == (False, 1)


def test_a_silent_router_delays_the_echo_services_for_a_moment_only(
    loopback: Any, home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew_module, "_ROUTER_PATIENCE_S", 0.05)
    url = f"http://127.0.0.1:{loopback.answer(ECHO)}/"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        here = home(
            router={"natpmp": True, "natpmp_port": silent.getsockname()[1]},
            public_ip={"echo": [url], "quorum": 1},
            loop={"probe_timeout": "1s"},
        )
        seen = here.observe(EchoPlan(first=1, expected=HOME, spare_if_router_says=HOME))
    assert isinstance(seen.router_wan, Failed)
    (echo,) = seen.echo[Family.IPV4].readings
    assert isinstance(echo, Answered)


def test_without_a_gateway_the_rest_is_still_observed(
    loopback: Any, home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module, "default_gateway", lambda: None)
    url = f"http://127.0.0.1:{loopback.answer(ECHO)}/"
    seen = home(router={"address": "auto", "natpmp": True}, public_ip={"echo": [url], "quorum": 1}).observe()
    assert (seen.gateway, seen.router_wan) == (None, None)
    assert isinstance(seen.router, Failed)
    assert isinstance(seen.echo[Family.IPV4].readings[0], Answered)


def stall(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Every lane hangs in a call that no deadline can cut, as in a resolver."""
    release = threading.Event()

    def hang(*_args: object, **_options: object) -> Any:
        release.wait(30)
        raise OSError

    monkeypatch.setattr(crew_module, "reach", hang)
    monkeypatch.setattr(router_word.natpmp, "ask", hang)
    monkeypatch.setattr(crew_module.RouterProbe, "ask", hang)
    monkeypatch.setattr(Https, "call", hang)
    return release


def test_with_every_lane_hung_it_is_back_in_time_and_the_next_round_says_so(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    release = stall(monkeypatch)
    here = home(
        loop={"probe_timeout": "300ms"},
        router={"natpmp": True},
        wan={"targets": ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"]},
        public_ip={"echo": ["http://127.0.0.1:3/", "http://127.0.0.1:4/"], "families": ["ipv4", "ipv6"],
                   "echo6": ["http://[::1]:3/", "http://[::1]:4/"]},
    )  # fmt: skip
    try:
        for detail in ("no answer in time", "still waiting for an earlier call"):
            began = CLOCK.monotonic()
            seen = here.observe(EchoPlan(first=1, expected=HOME, spare_if_router_says=HOME))
            assert CLOCK.monotonic() - began < 0.3 + SLACK_S
            readings = [seen.router, seen.router_wan, *seen.wan, *seen.echo[Family.IPV6].readings]
            assert len(readings) == 6
            assert len(seen.echo[Family.IPV4].readings) == 2
            for reading in readings:
                assert isinstance(reading, Failed)
                assert (reading.reason, reading.detail) == (FailureReason.TIMEOUT, detail)
    finally:
        release.set()


def test_a_call_that_ends_with_its_deadline_leaves_the_lane_to_a_look_that_follows_at_once(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(_target: object, _dialer: object, deadline: Instant) -> Any:
        threading.Event().wait(deadline - CLOCK.monotonic() + GRACE_S / 4)
        raise ProbeFailed(FailureReason.TIMEOUT, "did not answer")

    monkeypatch.setattr(crew_module, "reach", late)
    here = home(loop={"probe_timeout": "200ms"}, wan={"targets": ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"]})
    for _ in range(3):
        seen = here.observe(EchoPlan(first=0))
        assert [reading.detail for reading in seen.wan if isinstance(reading, Failed)] == ["did not answer"] * 2


def test_a_hung_lane_does_not_spoil_the_others(loopback: Any, home: Callable[..., Home]) -> None:
    works = f"tcp://127.0.0.1:{loopback.serve(loopback.silent)}"
    hangs = f"tls://127.0.0.1:{loopback.serve(loopback.silent)}"
    here = home(loop={"probe_timeout": "300ms"}, wan={"targets": [hangs, works]})
    for _ in range(2):
        seen = here.observe()
        assert [type(reading) for reading in seen.wan] == [Failed, Answered]


def test_a_broken_probe_is_a_failed_reading_and_counted(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> Any:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(crew_module.RouterProbe, "ask", broken)
    here = home()
    seen = here.observe()
    assert isinstance(seen.router, Failed)
    assert (seen.router.reason, seen.router.detail) == (FailureReason.OTHER, "ZeroDivisionError")
    assert [(where, type(error)) for where, error in here.faults.seen] == [("observe", ZeroDivisionError)]


def test_a_stop_does_not_wait_for_hung_probes(home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch) -> None:
    release = stall(monkeypatch)
    here = home(loop={"probe_timeout": "20s"}, router={"natpmp": True})
    before = signal.signal(signal.SIGALRM, lambda *_: here.crew.abandon())
    try:
        began = CLOCK.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        here.observe(EchoPlan(first=1, expected=HOME, spare_if_router_says=HOME))
        assert CLOCK.monotonic() - began < 1
    finally:
        signal.signal(signal.SIGALRM, before)
        release.set()


def test_a_closed_crew_leaves_no_threads_behind(loopback: Any, home: Callable[..., Home]) -> None:
    before = set(threading.enumerate())
    here = home(wan={"targets": [f"tcp://127.0.0.1:{loopback.serve(loopback.silent)}"]})
    here.observe()
    lanes = [
        thread for thread in set(threading.enumerate()) - before if thread.name.startswith(("wan", "router", "panel"))
    ]
    assert lanes
    here.crew.close()
    for thread in lanes:
        thread.join(5)
        assert not thread.is_alive()


def test_the_process_ends_at_once_with_probes_hung(loopback: Any) -> None:
    port = loopback.serve(loopback.silent)
    program = f"""
from cadence_exporter.clock import SystemClock
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.observe.crew import ProbeCrew
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.https import Https
from cadence_exporter.settings.schema import Settings
clock = SystemClock()
settings = Settings.model_validate(dict(
    loop=dict(probe_timeout="25s"), router=dict(address="127.0.0.1", natpmp=False),
    wan=dict(targets=["tls://127.0.0.1:{port}"]), public_ip=dict(echo=["https://127.0.0.1:{port}/"], quorum=1)))
print("ready", flush=True)
ProbeCrew(clock, settings, Https(clock, CallLog()), None).observe(clock.now(), Memory(Phase.INIT, clock.now()), hinted=False)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        while loopback.accepted < 2:
            assert process.poll() is None
            os.sched_yield()
        began = CLOCK.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(20)
        assert CLOCK.monotonic() - began < 2
