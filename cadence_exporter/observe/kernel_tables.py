"""The kernel's network tables as files (proc(5)), and the default routes in them. Never raises: what cannot be read is not there."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from cadence_exporter.model.address import IpAddress

IPV4_ROUTES = Path("/proc/net/route")
IPV6_ROUTES = Path("/proc/net/ipv6_route")
NEIGHBOURS = Path("/proc/net/arp")

# linux/route.h: RTF_UP, RTF_GATEWAY; RTF_REJECT is the kernel's own "no route" entry.
_UP, _BY_GATEWAY, _REJECT = 0x1, 0x2, 0x200


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """One way to everywhere. The lowest metric is taken."""

    metric: int
    interface: str
    gateway: IpAddress | None
    """``None``: a line without one, such as PPP. A link-local IPv6 address carries its interface as scope id."""


def rows(path: Path) -> list[list[str]]:
    """The columns of each line."""
    try:
        return [line.split() for line in path.read_text(encoding="ascii", errors="replace").splitlines()]
    except OSError:
        return []


def ipv4_default_routes(path: Path = IPV4_ROUTES) -> Iterator[DefaultRoute]:
    """Columns: Iface Destination Gateway Flags RefCnt Use Metric Mask ...; addresses in hex, host byte order."""
    for row in rows(path)[1:]:
        with suppress(ValueError, OverflowError):
            interface, destination, gateway, flags, _, _, metric, mask = row[:8]
            if int(destination, 16) == int(mask, 16) == 0 and int(flags, 16) & _UP:
                address = IPv4Address(int(gateway, 16).to_bytes(4, sys.byteorder))
                yield DefaultRoute(int(metric), interface, address if int(flags, 16) & _BY_GATEWAY else None)


def ipv6_default_routes(path: Path = IPV6_ROUTES) -> Iterator[DefaultRoute]:
    """Columns: destination, prefix length, source, its length, next hop, metric, references, uses, flags, interface; all hex."""
    for row in rows(path):
        with suppress(ValueError):
            destination, length, _, _, next_hop, metric, _, _, flags, interface = row
            usable = int(flags, 16) & (_UP | _REJECT) == _UP and interface != "lo"
            if int(destination, 16) == int(length, 16) == 0 and usable:
                address = _scoped(bytes.fromhex(next_hop), interface)
                yield DefaultRoute(int(metric, 16), interface, address if int(flags, 16) & _BY_GATEWAY else None)


def _scoped(packed: bytes, interface: str) -> IPv6Address:
    address = IPv6Address(packed)
    return IPv6Address(f"{address}%{interface}") if address.is_link_local else address
