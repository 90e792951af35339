"""Assess -> decide: what is true, what is unknown. Unknown is a value here, never a missing one."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from ipaddress import IPv4Address
from types import MappingProxyType

from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.recovery import NOTHING_SEEN, PowerView
from cadence_exporter.model.trace import Hop, UsualPath
from cadence_exporter.model.value import value


class Link(StrEnum):
    """The state of one stretch of the path."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


@value
class Agreed:
    """Enough independent echo services named this address in one observation, and nothing contradicts them."""

    ip: IpAddress
    by: tuple[str, ...]
    """The operators that agreed."""


@value
class Unchanged:
    """Nothing hints at a change of the address agreed on before. It keeps a belief; it confirms none."""

    ip: IpAddress
    by: str
    """Who says so: ``router``, ``tripwire``, or ``echo``, the one service that was asked; ``belief``: nobody, for the
    calls of this hour are used up."""


@value
class Disputed:
    """Sources contradict each other."""

    ips: tuple[IpAddress, ...]
    why: str
    vetoed: bool = False
    """The outside is clear, and the router names another public address; else the echo services disagree among themselves."""


@value
class Unknown:
    """Too few usable answers to say anything."""

    why: str


@value
class NotPublic:
    """The sources agree, but on an address that must never be published."""

    ip: IpAddress
    range_name: str
    """Which special-purpose range it lies in: ``cgnat``, ``private``, ``multicast`` ..."""


PublicAddress = Agreed | Unchanged | Disputed | Unknown | NotPublic
CLEAR = (Agreed, Unchanged)
"""Verdicts that name the address."""


class FaultLayer(StrEnum):
    """Where it broke, nearest first. A closed set: it is a metric label. What the evidence does not tell has no layer at all."""

    HOST = "host"
    """This host: its own cable or network, its address, its route."""
    LAN = "lan"
    """The router, or the way to it."""
    ACCESS = "access"
    """The modem or the access line: right behind a router that is alive."""
    ISP = "isp"
    UPSTREAM = "upstream"
    """Beyond what can be told to be the ISP's."""
    DNS = "dns"
    """Packets come through, names do not resolve."""
    REMOTE = "remote"
    """Packets come through; somebody out there does not do what he is asked."""


class Nat(StrEnum):
    """What stands between the router and the world, for IPv4. Anything but OPEN: nobody reaches this home from outside."""

    OPEN = "open"
    """The router itself holds the public address: one NAT, and its port forwarding works."""
    CGNAT = "cgnat"
    """The router's address is out of 100.64.0.0/10 (RFC 6598): the ISP shares one public address among customers."""
    DOUBLE = "double"
    """The router's address is private: another router, in the house or at the ISP, translates once more."""
    MISMATCH = "mismatch"
    """The router names a public address, and goes on naming it while the outside sees another one."""
    UNKNOWN = "unknown"


@value
class Assessment:
    """What one observation means."""

    lan: Link
    wan: Link
    public: Mapping[Family, PublicAddress]
    router_wan: IPv4Address | None
    """The router's word on its WAN address, when it gave one."""
    cgnat: bool
    """The router's WAN address is not the public one: carrier-grade or double NAT, nobody reaches us from outside."""
    outside: IPv4Address | None = None
    """The tripwire's word on the address that the outside sees, when it is fresh."""
    asked: Mapping[tuple[Family, str], bool] = field(default_factory=lambda: MappingProxyType({}))
    """The echo services that were asked in this observation, and whether they answered."""
    fault: FaultLayer | None = None
    """Where it broke; ``None``: nothing did, or the evidence does not tell."""
    fault_why: str = ""
    """The rule that named the layer, or why none could be named although something broke; for people."""
    last_hop: Hop | None = None
    """While the path fails: the hop farthest out that still answered."""
    nat: Nat = Nat.UNKNOWN
    usual_path: UsualPath | None = None
    """The way out, when this observation brought a trace of it made while it worked."""
    power: PowerView = NOTHING_SEEN
    router_edge: bool | None = None
    """Whether the router is the edge of the home, by its own word over a working path; ``None``: nothing new."""
