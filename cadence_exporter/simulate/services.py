"""Who is asked from inside: the router, the WAN targets and the echo services, honest or not."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address

from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.observation import (
    Answered,
    EchoAnswer,
    Failed,
    FailureReason,
    PathWorks,
    Reading,
    RouterAlive,
    RouterMethod,
    RouterWan,
)
from cadence_exporter.model.operators import operator_of
from cadence_exporter.simulate.ills import Ills
from cadence_exporter.simulate.line import Line

PROBE_TIMEOUT_S = 8.0
GATEWAY = ip_address("192.168.1.1")
_ROUTER_ALIVE = Answered("router", RouterAlive(GATEWAY, RouterMethod.ARP), 0.002)

Say = Callable[[Family], IpAddress | None]


@dataclass(frozen=True, slots=True)
class Lies:
    """What a lying or lagging service answers; ``None`` as if honest."""

    say: Say
    honest: bool = False
    """A lagging service says what was true a bounded time ago; it is not a liar."""


def failed(source: str, reason: FailureReason) -> Failed:
    """A probe that learnt nothing, and how long that took."""
    took_s = PROBE_TIMEOUT_S if reason is FailureReason.TIMEOUT else 0.05
    return Failed(source, reason, "in the simulation", took_s)


class Router:
    """The home's router: answers probes on the LAN and, when it speaks NAT-PMP, says its WAN address."""

    def __init__(self, line: Line, *, speaks_natpmp: bool) -> None:
        self._line = line
        self.speaks_natpmp = speaks_natpmp
        self.off: Ills[str] = Ills()
        """No power, or the LAN cable is out: nothing goes through it either."""
        self.mute: Ills[str] = Ills()
        """Does not answer probes; forwards."""
        self.natpmp_mute: Ills[str] = Ills()
        self.says: Ills[IPv4Address | None] = Ills()
        """A stale or forged word on its WAN address."""
        self._word: Answered[RouterWan] = Answered("natpmp", RouterWan(None, 1), 0.004)

    def probe(self) -> Reading[RouterAlive]:
        """Whether it is alive."""
        if self.off.active or self.mute.active:
            return failed("router", FailureReason.TIMEOUT)
        return _ROUTER_ALIVE

    def natpmp(self) -> Reading[RouterWan]:
        """Its word on its WAN side."""
        if self.off.active or self.natpmp_mute.active:
            return failed("natpmp", FailureReason.TIMEOUT)
        if not self.speaks_natpmp:
            return failed("natpmp", FailureReason.REFUSED)
        address = self.says.newest if self.says.active else self._line.router_wan()
        if self._word.value.address is not address:
            self._word = Answered("natpmp", RouterWan(address, 1), 0.004)
        return self._word


class Target:
    """One WAN target."""

    def __init__(self, name: str, line: Line, router: Router) -> None:
        self.name = name
        self._line = line
        self._router = router
        self.ills: Ills[FailureReason] = Ills()
        self._works: Answered[PathWorks] = Answered(name, PathWorks(name, 443), 0.02)

    def reach(self) -> Reading[PathWorks]:
        """A connection attempt with TLS."""
        if self._line.cuts.active or self._router.off.active:
            return failed(self.name, FailureReason.TIMEOUT)
        if self._line.portals.newest == "everything":
            return failed(self.name, FailureReason.TLS)
        if self.ills.active:
            return failed(self.name, self.ills.active[-1])
        return self._works


class EchoService:
    """One echo service. Both URLs of one operator share its ``lies``."""

    def __init__(self, url: str, number: int, line: Line, router: Router, lies: Ills[Lies]) -> None:
        self.url = url
        self.operator = operator_of(url)
        self.number = number
        self._line = line
        self._router = router
        self.lies = lies
        self.ills: Ills[FailureReason] = Ills()
        self.slow: Ills[float] = Ills()
        self._said: dict[Family, Answered[EchoAnswer]] = {}

    def ask(self, family: Family) -> Reading[EchoAnswer]:
        """One request."""
        if self._line.cuts.active or self._router.off.active:
            return failed(self.url, FailureReason.TIMEOUT)
        if self._line.portals.active:
            return failed(self.url, FailureReason.TLS if self.number % 2 else FailureReason.CONTENT)
        if self.ills.active:
            return failed(self.url, self.ills.active[-1])
        seen = self._line.egress(family, self.number)
        if self.lies.active:
            seen = self.lies.active[-1].say(family) or seen
        if seen is None:
            return failed(self.url, FailureReason.REFUSED)
        said = self._said.get(family)
        if said is None or said.value.address != seen or self.slow.active:
            took_s = 0.05 + 0.01 * self.number + sum(self.slow.active)
            said = Answered(self.url, EchoAnswer(seen, self.operator), took_s)
            if not self.slow.active:
                self._said[family] = said
        return said
