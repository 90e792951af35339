"""The way to a WAN target, hop by hop, and this host's own end of it. Nothing is concluded here."""

from enum import StrEnum

from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import WallTime
from cadence_exporter.model.value import value


class TraceMethod(StrEnum):
    """How the hops were asked."""

    ICMP = "icmp"
    UDP = "udp"
    TCP = "tcp"


@value
class Hop:
    """One router on the way that said that a packet ended there (RFC 792 type 11 or 3, RFC 4443 type 3 or 1).

    Or the router at home, when nobody said anything and it answered a ping.
    """

    ttl: int
    address: IpAddress


@value
class Trace:
    """What came back when packets were sent that live for 1, 2, 3 ... hops."""

    target: IpAddress
    method: TraceMethod
    hops: tuple[Hop, ...]
    """Those that answered, nearest first; the target itself is none of them."""
    reached_at: int | None
    """How many hops away the target answered; ``None`` when it did not."""
    packets: int
    """Sent for it."""
    path_worked: bool = False
    """Whether a WAN target answered in the observation that asked for it: then it is the usual path, else it may show the break."""
    age_s: float = 0.0
    """Since it was made."""
    is_news: bool = True
    """Whether this observation is the first to show it."""


@value
class UsualPath:
    """What the way out looks like while it works: only against it does a silent hop mean anything."""

    gateway: IpAddress | None
    """The path is that of this gateway: in another network it says nothing."""
    hops: tuple[Hop, ...]
    reached: bool
    at: WallTime
    """When it was traced."""
    method: TraceMethod | None = None
    """How: a trace by another one says nothing beside it. ``None``: kept by a version that did not note it."""


class Neighbour(StrEnum):
    """Whether the gateway answers on the link itself (ARP), whatever it does with pings."""

    ANSWERS = "answers"
    SILENT = "silent"
    UNKNOWN = "unknown"


@value
class OwnLink:
    """This host's own end of the line."""

    interface: str | None
    """Where the default route leads; ``None`` without one."""
    carrier: bool | None
    """Whether something is at the other end of the cable, or a network is joined; ``None``: the interface cannot say."""
    address: IpAddress | None
    """The address that packets to the outside carry; ``None`` when there is none."""
    neighbour: Neighbour = Neighbour.UNKNOWN

    @property
    def works(self) -> bool:
        """Nothing is wrong on this host that can be seen."""
        return self.interface is not None and self.carrier is not False and self.address is not None
