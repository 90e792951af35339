"""The default gateway, read anew each cycle from the kernel's tables: it changes with the network the host is in."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from cadence_exporter.model.address import IpAddress

IPV4_ROUTES = Path("/proc/net/route")
IPV6_ROUTES = Path("/proc/net/ipv6_route")

# linux/route.h: RTF_UP and RTF_GATEWAY. A default route without a gateway (a PPP line) has nobody to ask.
_UP_AND_GATEWAY = 0x3


@dataclass(frozen=True, slots=True)
class Gateway:
    """Who to ask as router. A link-local IPv6 address carries its interface as scope id."""

    address: IpAddress
    interface: str | None
    """The interface that leads there; ``None`` when the address was configured."""


def gateway_of(configured: str) -> Callable[[], Gateway | None]:
    """Who is the router now: ``auto`` follows the default route, anything else is its address."""
    if configured == "auto":
        return default_gateway
    fixed = Gateway(ip_address(configured), None)
    return lambda: fixed


def default_gateway(ipv4_routes: Path = IPV4_ROUTES, ipv6_routes: Path = IPV6_ROUTES) -> Gateway | None:
    """The gateway of the default route with the lowest metric, IPv4 before IPv6; None when there is none. Never raises."""
    candidates = list(_ipv4_gateways(_lines(ipv4_routes))) or list(_ipv6_gateways(_lines(ipv6_routes)))
    return min(candidates, key=lambda candidate: candidate[0])[1] if candidates else None


def _lines(path: Path) -> list[list[str]]:
    try:
        return [line.split() for line in path.read_text(encoding="ascii", errors="replace").splitlines()]
    except OSError:
        return []


def _ipv4_gateways(rows: list[list[str]]) -> Iterator[tuple[int, Gateway]]:
    """Columns: Iface Destination Gateway Flags RefCnt Use Metric Mask ...; addresses in hex, host byte order (proc(5))."""
    for row in rows[1:]:
        try:
            interface, destination, gateway, flags, _, _, metric, mask = row[:8]
            is_default = int(destination, 16) == 0 and int(mask, 16) == 0
            if is_default and int(flags, 16) & _UP_AND_GATEWAY == _UP_AND_GATEWAY:
                address = IPv4Address(int(gateway, 16).to_bytes(4, sys.byteorder))
                yield int(metric), Gateway(address, interface)
        except (ValueError, OverflowError):
            continue


def _ipv6_gateways(rows: list[list[str]]) -> Iterator[tuple[int, Gateway]]:
    """Columns: destination, prefix length, source, its length, next hop, metric, references, uses, flags, interface; all hex."""
    for row in rows:
        try:
            destination, length, _, _, next_hop, metric, _, _, flags, interface = row
            is_default = int(destination, 16) == 0 and int(length, 16) == 0
            if is_default and int(flags, 16) & _UP_AND_GATEWAY == _UP_AND_GATEWAY:
                yield int(metric, 16), Gateway(_scoped(bytes.fromhex(next_hop), interface), interface)
        except ValueError:
            continue


def _scoped(packed: bytes, interface: str) -> IPv6Address:
    address = IPv6Address(packed)
    return IPv6Address(f"{address}%{interface}") if address.is_link_local else address
