"""Observe -> assess: what the probes saw, with nothing concluded from it."""

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Generic, TypeVar

from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.instants import Now
from cadence_exporter.model.power import PlugSeen
from cadence_exporter.model.trace import OwnLink, Trace
from cadence_exporter.model.ups import UpsReading
from cadence_exporter.model.value import value

T = TypeVar("T")


class FailureReason(StrEnum):
    """Why a probe learnt nothing. A closed set: it is a metric label."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    DNS = "dns"
    TLS = "tls"
    HTTP = "http"
    CONTENT = "content"
    """The source answered, but not in its documented form: it is bad, and is never searched for something address-looking."""
    OTHER = "other"


@value
class Answered(Generic[T]):
    """A probe that came back with evidence."""

    source: str
    value: T
    took_s: float


@value
class Failed:
    """A probe that learnt nothing. ``detail`` is for people; nothing is decided from it."""

    source: str
    reason: FailureReason
    detail: str
    took_s: float


Reading = Answered[T] | Failed


class RouterMethod(StrEnum):
    """How the router was asked whether it is alive."""

    ARP = "arp"
    ICMP = "icmp"
    TCP = "tcp"


@value
class RouterAlive:
    """The router answered on the LAN."""

    address: IpAddress
    method: RouterMethod


@value
class PathWorks:
    """A WAN target was reached; ``source`` of the reading is the target as configured."""

    host: str
    port: int


class RouterProtocol(StrEnum):
    """How the router gave its word."""

    NATPMP = "natpmp"
    UPNP = "upnp"


@value
class RouterWan:
    """The router's own word on its WAN side (NAT-PMP or UPnP). It has no vote: it spares calls and it can veto."""

    address: IPv4Address | None
    """``None``: the router says that it has no WAN address (NAT-PMP result 3, RFC 6886 section 3.5; UPnP: empty, or disconnected)."""
    epoch_s: int
    """Seconds since its epoch (NAT-PMP), or since the connection is up (UPnP); 0 when it does not say."""
    by: RouterProtocol = RouterProtocol.NATPMP


@value
class NamesResolve:
    """The system's resolver found an address."""

    name: str


FRESH_S = 20.0
"""A word from outside is no older than this: the tripwire asks every seven seconds, so two questions in a row went unanswered."""


@value
class MappedAddress:
    """What the tripwire last heard: the address that its packets carry outside. It has no vote and no veto: it spares calls."""

    address: IPv4Address
    age_s: float

    @property
    def is_fresh(self) -> bool:
        """Whether it still says something."""
        return 0.0 <= self.age_s < FRESH_S


@value
class EchoAnswer:
    """One echo service's word on our public address; ``operator`` is who runs it: votes count per operator."""

    address: IpAddress
    operator: str


@value
class EchoRound:
    """The echo services of one family in one observation.

    No readings and ``spared``: nobody was asked, for the router still says what it said, or they have a rest.
    """

    readings: tuple[Reading[EchoAnswer], ...]
    configured: int
    """How many services the settings name."""
    spared: bool = False


@value
class Observation:
    """Everything one round of probing saw."""

    at: Now
    took_s: float
    gateway: IpAddress | None
    """The address asked as router; ``None`` when the host has no default route and none is configured."""
    router: Reading[RouterAlive]
    wan: tuple[Reading[PathWorks], ...]
    """One reading per configured target."""
    router_wan: Reading[RouterWan] | None
    """``None``: not asked (switched off, or no gateway)."""
    echo: Mapping[Family, EchoRound]
    outside: MappedAddress | None = None
    """The tripwire's last word; ``None``: switched off, or nothing was ever heard."""
    link: OwnLink | None = None
    """This host's own end; ``None``: not looked at."""
    names: Reading[NamesResolve] | None = None
    """Whether the system's resolver works; ``None``: not asked, for nothing in the settings is a name."""
    trace: Reading[Trace] | None = None
    """The newest trace that still says something; ``None``: none was made since the path last changed its state."""
    plug: Reading[PlugSeen] | None = None
    """The switch of the modem's power; ``None``: not asked."""
    ups: Reading[UpsReading] | None = None
    """``None``: not asked, for none is configured."""
