"""What a trace shows: how far packets still come, and whose the last hop is that answered.

Nobody says whose a router is, so it is told by its address: private and shared ranges, and the networks of the home's own public
address and of the first hop beyond the router, are the ISP's. What lies beyond them is called upstream; an ISP with routers in very
different networks may be taken for it. A private hop behind a router that is not known to be the edge of the home may stand in the
house, as behind a second router or a container's bridge: it is laid to nobody.
"""

from enum import StrEnum
from ipaddress import ip_network
from itertools import takewhile

from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import WallTime
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.observation import Answered, Failed, Observation
from cadence_exporter.model.ranges import special_range
from cadence_exporter.model.trace import Hop, Neighbour, Trace, UsualPath

FRESH_S = 300.0
"""A trace is made every two minutes of an outage: one that is older than two of them is about another break, perhaps."""
NOW_S = 15.0
"""What is older than this look says nothing against a router that is gone now."""
_SAME_ISP = {4: 16, 6: 32}
"""Prefix lengths that registries give to ISPs; a customer's address and the first routers mostly lie in one of them."""


class Reach(StrEnum):
    """How far packets come."""

    UNKNOWN = "unknown"
    """No fresh trace."""
    NOWHERE = "nowhere"
    """Not even the first hop answers."""
    ROUTER = "router"
    """The router answers, nobody beyond it."""
    HOUSE_OR_ISP = "house_or_isp"
    ISP = "isp"
    BEYOND = "beyond"
    TARGET = "target"


def reach(seen: Observation, memory: Memory) -> tuple[Reach, Hop | None]:
    """How far packets come, with the last hop that answered, the router included."""
    trace = _fresh(seen)
    if trace is None:
        return Reach.UNKNOWN, None
    hops = _own_as_router(trace.hops, seen.gateway, memory)
    last = hops[-1] if hops else None
    if trace.reached_at is not None:
        return Reach.TARGET, last
    beyond = hops_beyond(hops, seen.gateway)
    if not beyond:
        return (Reach.NOWHERE if last is None else Reach.ROUTER), last
    return _whose(beyond, _router_at(hops, seen.gateway), memory), beyond[-1]


def usual_path(seen: Observation) -> UsualPath | None:
    """What a trace made while the path worked shows, when this observation is the first to have it."""
    trace = seen.trace.value if isinstance(seen.trace, Answered) else None
    if trace is None or not trace.path_worked or not trace.is_news:
        return None
    at = WallTime(seen.at.wall - trace.age_s)
    return UsualPath(seen.gateway, trace.hops, trace.reached_at is not None, at, trace.method)


def hops_beyond(hops: tuple[Hop, ...], gateway: IpAddress | None) -> tuple[Hop, ...]:
    """Those behind the router. A router without a route answers for every distance; without a gateway (a PPP line) all are beyond."""
    router = _router_at(hops, gateway)
    return tuple(hop for hop in hops if hop.ttl > router and hop.address != gateway)


def isp_answers_usually(seen: Observation, memory: Memory) -> bool:
    """Whether the hop right behind the router answers while the path works, and is certainly not in the house.

    Else its silence says nothing: many an ISP's routers never answer, or not to every kind of packet.
    """
    usual = memory.usual_path
    if usual is None or usual.gateway != seen.gateway or seen.gateway is None:
        return False
    trace = seen.trace.value if isinstance(seen.trace, Answered) else None
    if trace is None or trace.method is not usual.method:
        return False
    if all(hop.address != seen.gateway for hop in usual.hops):
        return False  # not seen to lead through the router: this host's own tunnel may have carried it past
    beyond = hops_beyond(usual.hops, seen.gateway)
    nearest = _router_at(usual.hops, seen.gateway) + 1
    return bool(beyond) and beyond[0].ttl == nearest and not _may_be_in_the_house(beyond[0], memory)


def _own_as_router(hops: tuple[Hop, ...], gateway: IpAddress | None, memory: Memory) -> tuple[Hop, ...]:
    """Who complains from the home's own public address is the router: so does Linux when nobody answers on the line behind it."""
    own = {belief.confirmed for belief in memory.beliefs.values()}
    if gateway is None or not any(hop.address in own for hop in hops):
        return hops
    return tuple(Hop(hop.ttl, gateway) if hop.address in own else hop for hop in hops)


def _fresh(seen: Observation) -> Trace | None:
    trace = seen.trace.value if isinstance(seen.trace, Answered) else None
    gone = isinstance(seen.router, Failed) and seen.link is not None and seen.link.neighbour is Neighbour.SILENT
    if trace is None or trace.path_worked or not 0.0 <= trace.age_s <= (NOW_S if gone else FRESH_S):
        return None
    return trace


def _whose(beyond: tuple[Hop, ...], router: int, memory: Memory) -> Reach:
    last = beyond[-1]
    if special_range(last.address) is not None:
        return Reach.HOUSE_OR_ISP if _may_be_in_the_house(last, memory) else Reach.ISP
    known = [belief.confirmed for belief in memory.beliefs.values() if belief.confirmed is not None]
    entry = _entry(beyond, router)
    known += [entry] if entry is not None else []
    return Reach.ISP if any(_same_network(last.address, each) for each in known) else Reach.BEYOND


def _entry(beyond: tuple[Hop, ...], router: int) -> IpAddress | None:
    """The first public address, when every hop before it is known: there the ISP begins."""
    known = takewhile(lambda each: each[1].ttl == each[0], enumerate(beyond, router + 1))
    return next((hop.address for _, hop in known if special_range(hop.address) is None), None)


def _router_at(hops: tuple[Hop, ...], gateway: IpAddress | None) -> int:
    """How many hops away the router is: more than one for a container behind its host."""
    return min((hop.ttl for hop in hops if hop.address == gateway), default=0 if gateway is None else 1)


def _may_be_in_the_house(hop: Hop, memory: Memory) -> bool:
    """A shared address (RFC 6598) is only used by ISPs, a private one by anybody."""
    return special_range(hop.address) not in (None, "cgnat") and memory.router_edge is not True


def _same_network(address: IpAddress, ours: IpAddress) -> bool:
    if address.version != ours.version:
        return False
    return address in ip_network((ours, _SAME_ISP[ours.version]), strict=False)
