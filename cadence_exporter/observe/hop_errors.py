"""What the kernel says of a packet that did not arrive: the error queue of a socket with IP_RECVERR (ip(7), linux/errqueue.h).

It works without privileges, for ping sockets, raw sockets and UDP alike, and names the router that sent the ICMP message.
"""

import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

from cadence_exporter.model.address import IpAddress

# Python's socket module does not name these (linux/in.h, linux/in6.h).
IP_RECVERR = 11
IPV6_RECVERR = 25

_EXTENDED_ERROR = struct.Struct("=IBBBBII")  # errno, origin, type, code, padding, info, data
_FROM_ICMP = {2: 4, 3: 6}  # origin -> IP version; anything else is this host's own doing
_ADDRESS_AT = {4: slice(4, 8), 6: slice(8, 24)}  # in sockaddr_in and sockaddr_in6, which follow the error
_TIME_EXCEEDED = {4: 11, 6: 3}
_UNREACHABLE = {4: 3, 6: 1}

Ancillary = Iterable[tuple[int, int, bytes]]


def complainer(ancillary: Ancillary) -> IpAddress | None:
    """Who says, in the ancillary data of one entry of the error queue, that a packet's time was over or that nobody can deliver it.

    ``None`` for errors of another kind.
    """
    for level, kind, data in ancillary:
        if (level, kind) not in ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)):
            continue
        if len(data) < _EXTENDED_ERROR.size:
            continue
        _, origin, icmp_type, _, _, _, _ = _EXTENDED_ERROR.unpack_from(data)
        version = _FROM_ICMP.get(origin)
        if version is None or icmp_type not in (_TIME_EXCEEDED[version], _UNREACHABLE[version]):
            continue
        packed = data[_EXTENDED_ERROR.size :][_ADDRESS_AT[version]]
        if len(packed) in (4, 16) and any(packed):
            return IPv4Address(packed) if version == 4 else IPv6Address(packed)  # noqa: PLR2004 - the IP version itself
    return None
