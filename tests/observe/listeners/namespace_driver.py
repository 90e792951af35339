"""Run by the tests inside a network namespace of its own: a home with a router behind a veth pair, one listener, and what befalls them.

``python namespace_driver.py SCENARIO`` prints what the listener did, as JSON.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from ipaddress import IPv4Address

from cadence_exporter.clock import SystemClock
from cadence_exporter.model.hearing import Hearing
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.gateway import default_gateway
from cadence_exporter.observe.listeners.board import ListenerBoard
from cadence_exporter.observe.listeners.listener import Listener
from cadence_exporter.observe.listeners.natpmp_announcements import GROUP, PORT, NatPmpAnnouncements
from cadence_exporter.observe.listeners.netlink import Netlink
from cadence_exporter.observe.listeners.supervisor import Supervisor

CLOCK = SystemClock()
PATIENCE_S = 20.0


class NoFaults:
    def caught(self, where: str, error: Exception) -> None:
        raise AssertionError(where) from error


class Home:
    """The namespace that this process is in, with a router in a second one (the process whose id is in the environment)."""

    def __init__(self, make: Callable[[], Listener]) -> None:
        self.rings: list[tuple[Instant, Reason]] = []
        self._news = threading.Condition()
        self.board = ListenerBoard(self._ring, self._told)
        self.supervisor = Supervisor([make()], self.board, CLOCK, NoFaults())

    def _ring(self, reason: Reason) -> None:
        with self._news:
            self.rings.append((CLOCK.monotonic(), reason))
            self._news.notify_all()

    def _told(self, hearing: Hearing) -> None:
        with self._news:
            self._news.notify_all()

    def begin(self) -> None:
        self.supervisor.start()
        self.until(lambda: self.board.hearings()[0].up is True, "up")

    def until(self, test: Callable[[], bool], what: str) -> None:
        with self._news:
            assert self._news.wait_for(test, PATIENCE_S), f"{what}: {self.board.hearings()}"

    def rung_by(self, act: Callable[[], None]) -> int:
        """How many rings there are after ``act``, when it rings at all; the rest of a burst is waited for."""
        before = len(self.rings)
        act()
        self.until(lambda: len(self.rings) > before, f"a ring after {before}")
        self.settle()
        return len(self.rings) - before

    def settle(self) -> None:
        """Let what is under way come to its end."""
        with self._news:
            self._news.wait_for(lambda: False, 0.5)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def at_the_router(*words: str) -> None:
    subprocess.run(["nsenter", "-t", os.environ["ROUTER"], "-n", *words], check=True)


def send_from_the_router(source: str, packets: list[bytes], times: int = 1) -> None:
    """Multicast, as it would."""
    code = (
        "import socket,sys\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.bind((sys.argv[1], 5351))\n"
        "s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))\n"
        "packets = [bytes.fromhex(each) for each in sys.argv[3:]]\n"
        f"for _ in range(int(sys.argv[2])):\n    for packet in packets: s.sendto(packet, ('{GROUP}', {PORT}))\n"
    )
    at_the_router(sys.executable, "-c", code, source, str(times), *[each.hex() for each in packets])


def natpmp(address: str, epoch_s: int = 5) -> bytes:
    return struct.pack("!BBHI4s", 0, 128, 0, epoch_s, IPv4Address(address).packed)


PCP = struct.pack("!BBxBII12x", 2, 128, 0, 0, 0)


def netlink() -> dict[str, int]:
    """What rings, what does not. Each that does not is followed by one that does, which then is the only ring."""
    home = Home(lambda: Netlink(default_gateway, CLOCK))
    home.begin()
    seen: dict[str, int] = {}

    def mac_of_the_router(mac: str) -> None:
        at_the_router("ip", "link", "set", "lan", "address", mac)
        ip("neigh", "replace", "192.168.77.1", "lladdr", mac, "dev", "home", "nud", "reachable")

    def refreshes() -> None:
        for state in ("stale", "reachable", "delay", "probe", "stale"):
            ip("neigh", "change", "192.168.77.1", "lladdr", "02:00:00:00:00:01", "dev", "home", "nud", state)
        ip("neigh", "replace", "192.168.77.9", "lladdr", "02:00:00:00:00:09", "dev", "home", "nud", "reachable")
        ip("neigh", "replace", "192.168.77.9", "lladdr", "02:00:00:00:00:0a", "dev", "home", "nud", "reachable")

    def containers() -> None:
        ip("link", "add", "br-docker", "type", "bridge")
        ip("link", "set", "br-docker", "up")
        ip("link", "add", "veth1", "type", "veth", "peer", "name", "veth2")
        for name in ("veth1", "veth2"):
            ip("link", "set", name, "up")
        ip("link", "set", "veth1", "master", "br-docker")
        ip("addr", "add", "172.17.0.1/16", "dev", "br-docker")
        home.settle()
        ip("link", "del", "veth1")
        ip("link", "del", "br-docker")

    def odds_and_ends() -> None:
        ip("link", "set", "home", "mtu", "1400")
        ip("link", "set", "lo", "down")
        ip("link", "set", "lo", "up")
        ip("route", "add", "203.0.113.0/24", "via", "192.168.77.1")
        ip("route", "del", "203.0.113.0/24")
        ip("addr", "change", "192.168.77.2/24", "dev", "home", "valid_lft", "3600", "preferred_lft", "3600")

    home.settle()
    seen["the router's hardware address is learned"] = _silent(home, lambda: mac_of_the_router("02:00:00:00:00:01"))
    for name, act in (
        ("refreshed neighbours", refreshes),
        ("containers", containers),
        ("odds and ends", odds_and_ends),
    ):
        seen[name] = _silent(home, act)
    seen["another router under the same address"] = home.rung_by(lambda: mac_of_the_router("02:00:00:00:00:02"))
    seen["an address more"] = home.rung_by(lambda: ip("addr", "add", "192.168.77.3/24", "dev", "home"))
    seen["an address less"] = home.rung_by(lambda: ip("addr", "del", "192.168.77.3/24", "dev", "home"))
    seen["another default route"] = home.rung_by(lambda: ip("route", "replace", "default", "via", "192.168.77.254"))
    seen["no default route"] = home.rung_by(lambda: ip("route", "del", "default"))
    ip("route", "add", "default", "via", "192.168.77.1")
    home.settle()
    seen["the cable is out"] = home.rung_by(lambda: at_the_router("ip", "link", "set", "lan", "down"))
    seen["and in again"] = home.rung_by(lambda: at_the_router("ip", "link", "set", "lan", "up"))
    seen["all"] = len(home.rings)
    home.supervisor.stop()
    assert home.supervisor.join(5)
    return seen


def _silent(home: Home, act: Callable[[], None]) -> int:
    before = len(home.rings)
    act()
    home.settle()
    return len(home.rings) - before


def overrun() -> dict[str, int]:
    """More than the socket holds, told while the listener is held up in its ring."""
    home = Home(lambda: Netlink(default_gateway, CLOCK))
    held, go_on = threading.Event(), threading.Event()
    rings: list[Reason] = []

    def hold(reason: Reason) -> None:
        rings.append(reason)
        held.set()
        go_on.wait(PATIENCE_S)

    home.board.ring = hold
    home.begin()
    ip("addr", "add", "192.168.77.3/24", "dev", "home")
    assert held.wait(PATIENCE_S)
    batch = "".join(
        f"neigh replace 192.168.77.{n % 200 + 10} lladdr 02:00:00:00:{n % 256:02x}:01 dev home nud reachable\n"
        for n in range(4000)
    )
    subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)
    held.clear()
    go_on.set()
    assert held.wait(PATIENCE_S)
    home.settle()
    after_overrun = len(rings)
    ip("addr", "add", "192.168.77.4/24", "dev", "home")
    home.settle()
    hearing = home.board.hearings()[0]
    return {"after the overrun": after_overrun, "in the end": len(rings), "up": int(hearing.up is True)}


def announcements() -> dict[str, object]:
    """From the router, from others, in bursts."""
    home = Home(lambda: NatPmpAnnouncements(default_gateway, CLOCK))
    home.begin()
    seen: dict[str, object] = {}
    began = CLOCK.monotonic()
    send_from_the_router("192.168.77.1", [PCP, natpmp("81.2.69.142"), natpmp("93.184.216.34")])
    home.until(lambda: len(home.rings) == 2, "both rings")
    seen["a burst"] = [reason for _, reason in home.rings]
    seen["apart"] = round(home.rings[1][0] - home.rings[0][0], 1)
    seen["soon"] = home.rings[0][0] - began < 2.0
    at_the_router("ip", "addr", "add", "192.168.77.66/24", "dev", "lan")
    send_from_the_router("192.168.77.66", [natpmp("93.184.216.34"), PCP], times=50)
    send_from_the_router("192.168.77.1", [natpmp("93.184.216.34")[:11], b"", PCP[:23], b"\xff" * 2000], times=3)
    unicast = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    unicast.sendto(PCP, ("192.168.77.2", PORT))
    home.until(lambda: sum(home.board.hearings()[0].ignored.values()) >= 112, "everything ignored")
    seen["forged and broken"] = len(home.rings) - 2
    seen["ignored"] = dict(home.board.hearings()[0].ignored)
    ip("route", "replace", "default", "via", "192.168.77.66")
    home.settle()
    home.settle()
    seen["the router of the moment"] = home.rung_by(lambda: send_from_the_router("192.168.77.66", [PCP])) > 0
    before = len(home.rings)
    send_from_the_router("192.168.77.66", [natpmp("93.184.216.34")], times=5000)
    home.until(lambda: len(home.rings) > before, "a ring in the flood")
    home.supervisor.stop()
    seen["a flood"] = len(home.rings) - before < 20
    assert home.supervisor.join(5)
    return seen


def unprivileged() -> dict[str, object]:
    """Nobody may listen, too."""
    default_gateway()  # whatever it imports may not be readable for nobody
    os.setgroups([])
    os.setuid(65534)
    seen: dict[str, object] = {}
    for make in (lambda: NatPmpAnnouncements(default_gateway, CLOCK), lambda: Netlink(default_gateway, CLOCK)):
        home = Home(make)
        home.begin()
        seen[home.board.hearings()[0].name] = home.board.hearings()[0].up
    return seen


if __name__ == "__main__":
    scenarios = {each.__name__: each for each in (netlink, overrun, announcements, unprivileged)}
    print(json.dumps(scenarios[sys.argv[1]]()))
