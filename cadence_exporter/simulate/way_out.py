"""The way out of the pretend home: its hops, where it is broken, and who traces it when. The world knows; the product finds out."""

from dataclasses import replace
from ipaddress import IPv4Network, ip_address
from typing import TYPE_CHECKING

from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.model.instants import Instant, Now
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.observation import Answered, FailureReason, NamesResolve, Reading
from cadence_exporter.model.trace import Hop, Neighbour, OwnLink, Trace, TraceMethod
from cadence_exporter.simulate.line import place_of_cut
from cadence_exporter.simulate.services import GATEWAY, failed

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

AGAIN_S, SOON_S = 120.0, 25.0
USUAL_FOR_S, USUAL_AGAIN_S = 12 * 3600.0, 3600.0
"""As in the production crew; ``tests/simulation/test_alike_way_out.py`` compares them."""
_TARGET = ip_address("1.1.1.1")
_TRANSIT = ip_address("62.115.0.2")
_SHARED = ip_address("100.64.0.1")
_HOST = ip_address("192.168.1.10")
_NAME = "api.ipify.org"
_TOOK_S = 1.6
_REACHED = 5
_ANSWERING = {  # how many hops still answer, and whether the target does
    FaultLayer.HOST: (0, False),
    FaultLayer.LAN: (0, False),
    FaultLayer.ACCESS: (1, False),
    FaultLayer.ISP: (2, False),
    FaultLayer.UPSTREAM: (4, False),
    None: (4, True),
}


class WayOut:
    """One home's."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._began: Instant | None = None
        self._usual_tried: Instant | None = None
        self._worked_since = True
        self._broken_then: FaultLayer | None = None
        self._shown: tuple[Trace, Instant] | None = None
        self._coming: tuple[Trace, Instant] | None = None
        self.truths: set[FaultLayer | None] = set()
        """Where it was broken when the path was last looked at, and when it was traced: what may be said of it now."""

    def restart(self) -> None:
        """The process begins anew."""
        self._began = self._usual_tried = self._shown = self._coming = None
        self._worked_since = True

    def broken_at(self) -> FaultLayer | None:
        """The truth."""
        world = self._world
        if world.unplugged.active:
            return FaultLayer.HOST
        if world.router.off.active:
            return FaultLayer.LAN
        return place_of_cut(world.line.cuts.active)

    def link(self) -> OwnLink:
        """What the host's own tables say."""
        if self._world.unplugged.active:
            return _UNPLUGGED
        return _ALONE if self._world.router.off.active else _LINKED

    def names(self) -> Reading[NamesResolve]:
        """The system's resolver is somebody else's."""
        if not self._world.online():
            return failed(_NAME, FailureReason.TIMEOUT)
        if self._world.isp_dns_down.active:
            return failed(_NAME, FailureReason.DNS)
        return _RESOLVES

    def follow(self, memory: Memory, now: Now, *, works: bool) -> Reading[Trace] | None:
        """The trace that belongs to this observation, and what is started for the next one."""
        shown = self._follow(memory, now, works=works)
        self.truths = {self.broken_at()}
        if self._shown is not None:
            self.truths.add(self._broken_then)
        return shown

    def look_is_over(self) -> None:
        """What broke, or came back, while services were asked one after the other may be said, too."""
        self.truths.add(self.broken_at())

    def _follow(self, memory: Memory, now: Now, *, works: bool) -> Reading[Trace] | None:
        if works:
            return self._while_it_works(memory, now)
        self._coming = None
        wait_s = SOON_S if self._worked_since else AGAIN_S
        if self._began is None or now.instant - self._began >= wait_s:
            self._began, self._worked_since = now.instant, False
            self._broken_then = self.broken_at()
            self._shown = (self._traced(path_worked=False), now.instant)
            return Answered("trace", self._shown[0], _TOOK_S)
        if self._shown is None:
            return None
        return _aged(*self._shown, now, is_news=False)

    def _while_it_works(self, memory: Memory, now: Now) -> Reading[Trace] | None:
        self._shown, self._worked_since = None, True
        news, self._coming = self._coming, None
        usual, tried = memory.usual_path, self._usual_tried
        known = usual is not None and usual.gateway == GATEWAY and 0.0 <= now.wall - usual.at < USUAL_FOR_S
        if not known and (tried is None or now.instant - tried >= USUAL_AGAIN_S):
            self._usual_tried = now.instant
            self._coming = (self._traced(path_worked=True), now.instant)
        return None if news is None else _aged(*news, now, is_news=True)

    def _traced(self, *, path_worked: bool) -> Trace:
        answering, reached = _ANSWERING[self.broken_at()]
        found = [Hop(ttl, address) for ttl, address in enumerate(self._hops(), 1) if ttl <= answering]
        return Trace(_TARGET, TraceMethod.UDP, tuple(found), _REACHED if reached else None, 20, path_worked)

    def _hops(self) -> tuple[IpAddress, ...]:
        """The router, the far end of the access line, the ISP's core, and somebody who carries its traffic."""
        line = self._world.line
        leased = line.leased.get(Family.IPV4, line.backup)
        network = IPv4Network((int(leased) & 0xFFFF0000, 16))
        return GATEWAY, _SHARED if line.cgnat else network[1], network[0x701], _TRANSIT


def _aged(trace: Trace, at: Instant, now: Now, *, is_news: bool) -> Reading[Trace]:
    return Answered("trace", replace(trace, age_s=now.instant - at, is_news=is_news), _TOOK_S)


_LINKED = OwnLink("eth0", carrier=True, address=_HOST, neighbour=Neighbour.ANSWERS)
_ALONE = replace(_LINKED, neighbour=Neighbour.SILENT)
_UNPLUGGED = replace(_ALONE, carrier=False)
_RESOLVES = Answered(_NAME, NamesResolve(_NAME), 0.01)
