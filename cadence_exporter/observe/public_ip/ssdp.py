"""Finding the gateway's UPnP description on the LAN. Only what comes from the gateway's own address is read."""

import socket
from collections.abc import Iterator
from contextlib import closing
from ipaddress import IPv4Address

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.observe.public_ip.upnp_messages import Place, location, search
from cadence_exporter.seams import Clock

PORT = 1900
_GROUP = "239.255.255.250"
# UDA 1.1 section 1.3.2: answers to a search with MX 1 come within a second.
_WAIT_S = 1.2
_TRIES = 2
# A router may describe several devices; more than this is a flood.
MOST_PLACES = 4
_BIGGEST_PACKET = 2048


def find(gateway: IPv4Address, port: int, clock: Clock, deadline: Instant) -> Iterator[Place]:
    """Each place that the gateway names, as it answers. Raises ProbeFailed when the search cannot be sent."""
    try:
        with closing(_open(gateway)) as sock:
            found: set[Place] = set()
            for _ in range(_TRIES):
                _send(sock, gateway, port)
                until = min(deadline, later(clock.monotonic(), _WAIT_S))
                while (left := until - clock.monotonic()) > 0:
                    heard = _hear(sock, gateway, left)
                    if heard is not None and heard not in found:
                        found.add(heard)
                        yield heard
                    if len(found) >= MOST_PLACES:
                        return
    except OSError as error:
        raise ProbeFailed(FailureReason.OTHER, f"cannot be searched for: {error.strerror}") from error


def own_address(gateway: IPv4Address) -> IPv4Address:
    """The address of this host that the gateway sees. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((str(gateway), PORT))
        return IPv4Address(sock.getsockname()[0])


def _open(gateway: IPv4Address) -> socket.socket:
    source = str(own_address(gateway))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind((source, 0))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 2)
    except OSError:
        sock.close()
        raise
    return sock


def _send(sock: socket.socket, gateway: IPv4Address, port: int) -> None:
    """To the gateway itself, which UDA 1.1 knows since 2008, and to the group, which every router knows."""
    failures: list[OSError] = []
    hosts = (str(gateway),) if gateway.is_loopback else (str(gateway), _GROUP)
    for host in hosts:
        try:
            sock.sendto(search(f"{host}:{port}"), (host, port))
        except OSError as error:
            failures.append(error)
    if len(failures) == len(hosts):
        raise failures[0]


def _hear(sock: socket.socket, gateway: IPv4Address, left_s: float) -> Place | None:
    """One packet's place, if it has one and comes from the gateway; anybody on the LAN can answer a search."""
    sock.settimeout(left_s)
    try:
        packet, sender = sock.recvfrom(_BIGGEST_PACKET)
    except TimeoutError:
        return None
    if sender[0] != str(gateway):
        return None
    try:
        return location(packet, gateway)
    except ProbeFailed:
        return None
