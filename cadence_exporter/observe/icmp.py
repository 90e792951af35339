"""One ping, by the kernel's unprivileged ping socket where it is allowed, else by a raw socket (RFC 792, RFC 4443)."""

import socket
import struct
from ipaddress import IPv4Address

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.seams import Clock

# A LAN answers within milliseconds; one lost packet must not look like a dead router.
_TRIES = 2
_TRY_S = 0.5

HEADER = struct.Struct("!BBHHH")
"""Type, code, checksum, identifier, sequence number."""
ECHO_REQUEST = {4: 8, 6: 128}
ECHO_REPLY = {4: 0, 6: 129}
_PAYLOAD = b"cadence-exporter"


def ping(address: IpAddress, clock: Clock, deadline: Instant) -> None:
    """Return when the host answered. Raises ProbeFailed (timeout), and PermissionError when this process may not ping."""
    with open_socket(address) as sock:
        raw = sock.type == socket.SOCK_RAW
        try:
            sock.connect((str(address), 0))
            for sequence in range(1, _TRIES + 1):
                sock.send(echo_request(address.version, sequence))
                try_until = Instant(min(deadline, clock.monotonic() + _TRY_S))
                if _answered(sock, address, clock, try_until, raw=raw):
                    return
        except OSError as error:
            raise ProbeFailed(FailureReason.TIMEOUT, f"no ping reply: {error.strerror}") from error
    raise ProbeFailed(FailureReason.TIMEOUT, "no ping reply")


def may_ping(address: IpAddress) -> bool:
    """Whether this process has the privilege (net.ipv4.ping_group_range or CAP_NET_RAW)."""
    try:
        open_socket(address).close()
    except OSError:
        return False
    return True


def open_socket(address: IpAddress) -> socket.socket:
    """A ping socket where those are allowed, else a raw one. Raises PermissionError where neither is."""
    family, protocol = (
        (socket.AF_INET, socket.IPPROTO_ICMP)
        if isinstance(address, IPv4Address)
        else (socket.AF_INET6, socket.IPPROTO_ICMPV6)
    )
    try:
        return socket.socket(family, socket.SOCK_DGRAM, protocol)
    except OSError:
        return socket.socket(family, socket.SOCK_RAW, protocol)


def echo_request(version: int, sequence: int, identifier: int = 0) -> bytes:
    """The kernel fills in its own identifier on ping sockets, and the checksum for IPv6."""
    kind = ECHO_REQUEST[version]
    unsummed = HEADER.pack(kind, 0, 0, identifier, sequence) + _PAYLOAD
    return HEADER.pack(kind, 0, checksum(unsummed), identifier, sequence) + _PAYLOAD


def icmp_of(packet: bytes, version: int, *, raw: bool) -> bytes:
    """The ICMP message in what a socket delivered: IPv4 raw sockets deliver the IP header too."""
    return packet[(packet[0] & 0x0F) * 4 :] if raw and version == 4 and packet else packet  # noqa: PLR2004 - the IP version


def checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    padded = data + b"\x00" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _answered(sock: socket.socket, address: IpAddress, clock: Clock, until: Instant, *, raw: bool) -> bool:
    """Raw sockets also hear other people's pings, so everything but our own reply is skipped."""
    while (left := until - clock.monotonic()) > 0:
        sock.settimeout(left)
        try:
            packet = icmp_of(sock.recv(2048), address.version, raw=raw)
        except TimeoutError:
            return False
        if len(packet) < HEADER.size:
            continue
        if packet[0] == ECHO_REPLY[address.version] and packet[HEADER.size :] == _PAYLOAD:
            return True
    return False
