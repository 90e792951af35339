"""The default gateway, read anew each cycle from the kernel's tables: it changes with the network the host is in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cadence_exporter.model.address import IpAddress
from cadence_exporter.observe.kernel_tables import (
    IPV4_ROUTES,
    IPV6_ROUTES,
    DefaultRoute,
    ipv4_default_routes,
    ipv6_default_routes,
)


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
    found = _with_gateway(ipv4_default_routes(ipv4_routes)) or _with_gateway(ipv6_default_routes(ipv6_routes))
    return min(found, key=lambda each: each[0])[1] if found else None


def _with_gateway(routes: Iterable[DefaultRoute]) -> list[tuple[int, Gateway]]:
    """A default route without a gateway (a PPP line) has nobody to ask."""
    return [(route.metric, Gateway(route.gateway, route.interface)) for route in routes if route.gateway is not None]
