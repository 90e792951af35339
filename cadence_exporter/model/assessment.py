"""Assess -> decide: what is true, what is unknown. Unknown is a value here, never a missing one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address
from types import MappingProxyType

from cadence_exporter.model.address import Family, IpAddress


class Link(StrEnum):
    """The state of one stretch of the path."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Agreed:
    """Enough independent echo services named this address in one observation, and nothing contradicts them."""

    ip: IpAddress
    by: tuple[str, ...]
    """The operators that agreed."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Nothing hints at a change of the address agreed on before. It keeps a belief; it confirms none."""

    ip: IpAddress
    by: str
    """Who says so: ``router``, ``tripwire``, or ``echo``, the one service that was asked; ``belief``: nobody, the calls of this hour are used up."""


@dataclass(frozen=True, slots=True)
class Disputed:
    """Sources contradict each other."""

    ips: tuple[IpAddress, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Too few usable answers to say anything."""

    why: str


@dataclass(frozen=True, slots=True)
class NotPublic:
    """The sources agree, but on an address that must never be published."""

    ip: IpAddress
    range_name: str
    """Which special-purpose range it lies in: ``cgnat``, ``private``, ``multicast`` ..."""


PublicAddress = Agreed | Unchanged | Disputed | Unknown | NotPublic


@dataclass(frozen=True, slots=True)
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
