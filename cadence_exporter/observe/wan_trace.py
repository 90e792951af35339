"""The hops towards an address, all asked at once: packets that live for 1, 2, 3 ... hops, and who complains about which.

No privileges are needed: a ping socket where those are allowed (net.ipv4.ping_group_range) or a raw one, else UDP, whose errors every
process may read. Some thirty small packets, and little more than two seconds.
"""

import contextlib
import os
import select
import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Protocol

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.trace import Hop, Trace, TraceMethod
from cadence_exporter.observe.hop_errors import IP_RECVERR, IPV6_RECVERR, complainer
from cadence_exporter.observe.icmp import ECHO_REPLY, ECHO_REQUEST, HEADER, echo_request, icmp_of, open_socket
from cadence_exporter.seams import Clock

MOST_HOPS = 16
"""The break of a home's line lies within the first few; a target that is farther away is not reached, and that is no harm."""
ROUNDS = 4
"""Routers answer such packets with low priority, and Linux says once a second that it has no route: a packet or two without an answer
must not look like a break."""
ROUND_S = 0.6
BEYOND_THE_LAST = 4
"""After the first round, hops are asked again up to so many beyond the last that answered: after that it is dark anyway."""

_PAYLOAD = b"cadence-exporter"
_FIRST_PORT = 33434  # where traceroute has always knocked: nobody listens there
_BIGGEST = 2048


@dataclass(slots=True)
class Sightings:
    """Who answered so far."""

    hops: dict[int, IpAddress] = field(default_factory=dict)
    reached_at: int | None = None
    packets: int = 0

    def heard(self, ttl: int, by: IpAddress, target: IpAddress) -> None:
        """``by`` spoke of a packet that lived for ``ttl`` hops."""
        if by == target:
            self.arrived(ttl)
        else:
            self.hops.setdefault(ttl, by)

    def arrived(self, ttl: int) -> None:
        """The target itself answered a packet that lived for ``ttl`` hops."""
        self.reached_at = ttl if self.reached_at is None else min(self.reached_at, ttl)

    def unanswered(self, number: int) -> list[int]:
        """The distances to ask in a round, counted from 0."""
        last = self.reached_at - 1 if self.reached_at is not None else MOST_HOPS
        if number and self.reached_at is None:
            last = min(last, max(self.hops, default=0) + BEYOND_THE_LAST)
        return [ttl for ttl in range(1, last + 1) if ttl not in self.hops]

    def trace(self, target: IpAddress, method: TraceMethod) -> Trace:
        """What it comes to. A router that has no route further answers for every distance: it is listed once, where it is."""
        nearer = self.reached_at or MOST_HOPS + 1
        nearest: dict[IpAddress, int] = {}
        for ttl, address in sorted(self.hops.items()):
            if ttl < nearer:
                nearest.setdefault(address, ttl)
        hops = tuple(Hop(ttl, address) for address, ttl in nearest.items())
        return Trace(target, method, hops, self.reached_at, self.packets)


class Probing(Protocol):
    """One kind of packet."""

    method: TraceMethod
    sock: socket.socket

    def send(self, ttl: int, number: int) -> None:
        """Send a packet of this round that lives for ``ttl`` hops."""
        ...

    def ttl_of(self, quoted: bytes, destination: object) -> int | None:
        """Which packet an error quotes; ``None``: none of ours."""
        ...

    def answered(self, packet: bytes) -> int | None:
        """Which packet the target replied to; ``None``: no such reply."""
        ...


def trace(target: IpAddress, method: TraceMethod, clock: Clock, deadline: Instant) -> Trace:
    """Ask every hop at once, and again who kept silent. Raises ProbeFailed, and PermissionError for ICMP without privileges."""
    own = own_address(target)
    probing: Probing = _Icmp(target) if method is TraceMethod.ICMP else _Udp(target)
    seen = Sightings()
    with probing.sock:
        for number in range(ROUNDS):
            for ttl in seen.unanswered(number):
                _send(probing, ttl, number)
                seen.packets += 1
            _listen(probing, target, own, seen, clock, Instant(min(deadline, later(clock.monotonic(), ROUND_S))))
            if clock.monotonic() >= deadline:
                break
    return seen.trace(target, probing.method)


def own_address(target: IpAddress) -> str:
    """The address that packets to ``target`` carry; nothing is sent. Raises ProbeFailed when there is no way."""
    with socket.socket(_family(target), socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((str(target), _FIRST_PORT))
        except OSError as error:
            raise ProbeFailed(FailureReason.OTHER, f"no way to {target}: {error.strerror}") from error
        return str(sock.getsockname()[0])


def _send(probing: Probing, ttl: int, number: int) -> None:
    """An error that an earlier packet left behind is reported to the next one that is sent, so a second attempt is fair."""
    for _ in range(2):
        with contextlib.suppress(OSError):
            probing.send(ttl, number)
            return


def _listen(probing: Probing, target: IpAddress, own: str, seen: Sightings, clock: Clock, until: Instant) -> None:
    poll = select.poll()
    poll.register(probing.sock, select.POLLIN | select.POLLERR)
    while (left := until - clock.monotonic()) > 0 and seen.unanswered(0):
        if not poll.poll(left * 1000.0):
            return
        _take_errors(probing, target, own, seen)
        _take_replies(probing, seen)


def _take_errors(probing: Probing, target: IpAddress, own: str, seen: Sightings) -> None:
    while True:
        try:
            quoted, ancillary, _, destination = probing.sock.recvmsg(_BIGGEST, 512, socket.MSG_ERRQUEUE)
        except OSError:
            return
        by, ttl = complainer(ancillary), probing.ttl_of(quoted, destination)
        # A host that finds nobody on its own link complains to itself.
        if by is not None and ttl is not None and str(by) != own:
            seen.heard(ttl, by, target)


def _take_replies(probing: Probing, seen: Sightings) -> None:
    while True:
        try:
            packet = probing.sock.recv(_BIGGEST, socket.MSG_DONTWAIT)
        except OSError:
            return
        ttl = probing.answered(packet)
        if ttl is not None:
            seen.arrived(ttl)


class _Icmp:
    """Echo requests. The identifier of a ping socket is the kernel's; on a raw socket it is ours, to tell other people's pings."""

    method = TraceMethod.ICMP

    def __init__(self, target: IpAddress) -> None:
        """Raises PermissionError, and ProbeFailed when there is no way."""
        self._version = target.version
        self._identifier = os.getpid() & 0xFFFF
        self.sock = open_socket(target)
        self._raw = self.sock.type == socket.SOCK_RAW
        try:
            _hear_errors(self.sock, self._version)
            self.sock.connect((str(target), 0))
        except OSError as error:
            self.sock.close()
            raise ProbeFailed(FailureReason.OTHER, f"no way to {target}: {error.strerror}") from error

    def send(self, ttl: int, number: int) -> None:
        """See the protocol."""
        _live_for(self.sock, self._version, ttl)
        self.sock.send(echo_request(self._version, ttl + number * 256, self._identifier))

    def ttl_of(self, quoted: bytes, destination: object) -> int | None:
        """See the protocol."""
        del destination
        return self._ttl(quoted, ECHO_REQUEST[self._version])

    def answered(self, packet: bytes) -> int | None:
        """See the protocol."""
        return self._ttl(icmp_of(packet, self._version, raw=self._raw), ECHO_REPLY[self._version])

    def _ttl(self, packet: bytes, wanted: int) -> int | None:
        if len(packet) < HEADER.size:
            return None
        kind, _, _, identifier, sequence = HEADER.unpack_from(packet)
        if kind != wanted or (self._raw and identifier != self._identifier):
            return None
        return _counted(sequence % 256)


class _Udp:
    """Datagrams to ports where nobody listens, each distance another port."""

    method = TraceMethod.UDP

    def __init__(self, target: IpAddress) -> None:
        self._version = target.version
        self._target = str(target)
        self.sock = socket.socket(_family(target), socket.SOCK_DGRAM)
        _hear_errors(self.sock, self._version)

    def send(self, ttl: int, number: int) -> None:
        """See the protocol."""
        _live_for(self.sock, self._version, ttl)
        self.sock.sendto(_PAYLOAD, (self._target, _FIRST_PORT + number * MOST_HOPS + ttl))

    def ttl_of(self, quoted: bytes, destination: object) -> int | None:
        """See the protocol."""
        del quoted
        port = destination[1] if isinstance(destination, tuple) else 0
        return _counted((port - _FIRST_PORT - 1) % MOST_HOPS + 1) if port > _FIRST_PORT else None

    def answered(self, packet: bytes) -> int | None:
        """See the protocol. Nobody is expected to answer by UDP."""
        del packet
        return None


def _counted(ttl: int) -> int | None:
    return ttl if 1 <= ttl <= MOST_HOPS else None


def _family(target: IpAddress) -> socket.AddressFamily:
    return socket.AF_INET if isinstance(target, IPv4Address) else socket.AF_INET6


def _hear_errors(sock: socket.socket, version: int) -> None:
    if version == 4:  # noqa: PLR2004 - the IP version itself
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)


def _live_for(sock: socket.socket, version: int, ttl: int) -> None:
    if version == 4:  # noqa: PLR2004 - the IP version itself
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
