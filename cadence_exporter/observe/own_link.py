"""This host's own end of the line, out of the kernel's tables: no packet is sent, and it is over in a millisecond."""

import fcntl
import socket
import struct
from contextlib import suppress
from ipaddress import IPv4Address, ip_address
from pathlib import Path

from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.trace import Neighbour, OwnLink
from cadence_exporter.observe.kernel_tables import (
    IPV4_ROUTES,
    IPV6_ROUTES,
    NEIGHBOURS,
    ipv4_default_routes,
    ipv6_default_routes,
    rows,
)

# Any public address will do: connecting a UDP socket only asks the kernel for the way.
_SOMEWHERE = {4: "1.1.1.1", 6: "2606:4700:4700::1111"}
_SIOCGIFFLAGS = 0x8913  # linux/sockios.h
_NAME_BYTES = 16  # linux/if.h: IFNAMSIZ
_IFREQ = struct.Struct(f"={_NAME_BYTES}sH22x")
_UP_AND_RUNNING = 0x1 | 0x40  # linux/if.h: IFF_UP, IFF_RUNNING; the second is operational state up, RFC 2863
_COMPLETE = 0x2  # linux/if_arp.h: ATF_COM


def own_link(gateway: IpAddress | None, neighbours: Path = NEIGHBOURS) -> OwnLink:
    """How things stand on this host. Never raises."""
    interface = default_interface()
    version = gateway.version if gateway is not None else 4
    return OwnLink(
        interface=interface,
        carrier=None if interface is None else carrier(interface),
        address=_own_address(version),
        neighbour=neighbour(gateway, neighbours),
    )


def default_interface(ipv4_routes: Path = IPV4_ROUTES, ipv6_routes: Path = IPV6_ROUTES) -> str | None:
    """Where the default route with the lowest metric leads, with a gateway or without (a PPP line); IPv4 before IPv6."""
    found = list(ipv4_default_routes(ipv4_routes)) or list(ipv6_default_routes(ipv6_routes))
    return min(found, key=lambda route: route.metric).interface if found else None


def carrier(interface: str) -> bool | None:
    """Whether it is switched on and somebody is at the other end (netdevice(7)); ``None``: it does not say.

    Asked of the kernel, for /sys may show the interfaces of another network namespace.
    """
    name = interface.encode()[: _NAME_BYTES - 1]
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            found = fcntl.ioctl(sock.fileno(), _SIOCGIFFLAGS, _IFREQ.pack(name, 0))
    except OSError:
        return None
    flags: int = _IFREQ.unpack(found)[1]
    return flags & _UP_AND_RUNNING == _UP_AND_RUNNING


def neighbour(gateway: IpAddress | None, neighbours: Path = NEIGHBOURS) -> Neighbour:
    """Whether the gateway answers ARP. Columns: address, type, flags, hardware address, mask, device (proc(5)).

    The kernel takes some eight seconds to give up an entry, so a router that has just died may still be called alive once.
    """
    if not isinstance(gateway, IPv4Address):
        return Neighbour.UNKNOWN
    for row in rows(neighbours)[1:]:
        with suppress(ValueError, IndexError):
            if row[0] == str(gateway):
                return Neighbour.ANSWERS if int(row[2], 16) & _COMPLETE else Neighbour.SILENT
    return Neighbour.UNKNOWN


def _own_address(version: int) -> IpAddress | None:
    family = socket.AF_INET if version == 4 else socket.AF_INET6  # noqa: PLR2004 - the IP version itself
    with suppress(OSError, ValueError), socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect((_SOMEWHERE[version], 9))
        return ip_address(sock.getsockname()[0])
    return None
