"""The pretend home: everything outside of the loop, and what happens in it as time passes."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

from cadence_exporter.model.address import Family
from cadence_exporter.model.outcome import ApiCall
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.settings.sections import ECHO_IPV4, WAN_TARGETS
from cadence_exporter.simulate.clock import EPOCH, WorldClock
from cadence_exporter.simulate.dice import dice
from cadence_exporter.simulate.disk import Disk
from cadence_exporter.simulate.doorbell import WorldDoorbell
from cadence_exporter.simulate.ills import Ills
from cadence_exporter.simulate.line import Line
from cadence_exporter.simulate.power import Power, RecoverySpec
from cadence_exporter.simulate.resolver import Resolver
from cadence_exporter.simulate.router_watch import WorldRouterWatch
from cadence_exporter.simulate.services import EchoService, Lies, Router, Target
from cadence_exporter.simulate.tripwire import WorldTripwire
from cadence_exporter.simulate.way_out import WayOut
from cadence_exporter.simulate.zone import Zone

RESOLVERS = ("cloudflare-dns.com", "dns.google")


class Crash(BaseException):
    """The process is gone, between any two steps. Not an Exception: no border in the product may catch it."""

    def __init__(self, *, off_s: float, reboots: bool) -> None:
        super().__init__("crash")
        self.off_s = off_s
        self.reboots = reboots


@dataclass(frozen=True, slots=True)
class HomeSpec:
    """What kind of home this is."""

    records: tuple[RecordSpec, ...]
    families: tuple[Family, ...] = (Family.IPV4,)
    speaks_natpmp: bool = True
    announces: bool = True
    """Whether the router tells the LAN that its WAN address changed (RFC 6886 section 3.2.1)."""
    tripwire: bool = True
    watches_router: bool = True
    """Whether the router is asked between looks."""
    """Whether the host asks STUN servers all the time."""
    quorum: int = 2
    confirmations: int = 2
    max_changes_per_day: int = 24
    born_right: bool = True
    """Whether the records already hold the right addresses when the service starts for the first time."""
    recovery: RecoverySpec | None = None
    """``None``: nothing of power exists in this home."""


class World:
    """One home. Things happen in it whenever time passes."""

    def __init__(self, spec: HomeSpec, seed: int, until: float, *, tally: bool = False) -> None:
        self.spec = spec
        self.families = spec.families
        self.clock = WorldClock()
        self._events: list[tuple[float, int, Callable[[], None], bool]] = []
        self._numbered = 0
        self._calls: list[ApiCall] = []
        self.calls_made: dict[str, int] = {}
        self._fuse: tuple[int, Crash] | None = None
        self.line = Line(spec.families, self.clock, dice(seed, "line"))
        self.router = Router(self.line, speaks_natpmp=spec.speaks_natpmp)
        self.targets = tuple(Target(name, self.line, self.router) for name in WAN_TARGETS)
        self.lies: dict[str, Ills[Lies]] = {}
        self.echo = tuple(self._echo_service(url, number) for number, url in enumerate(ECHO_IPV4))
        self.zone = Zone(self)
        self.resolvers = tuple(Resolver(operator, self) for operator in RESOLVERS)
        self.disk = Disk(self, tally=tally)
        self.doorbell = WorldDoorbell(self, until)
        self.tripwire = WorldTripwire(self, dice(seed, "tripwire"), on=spec.tripwire)
        self.watch = WorldRouterWatch(self, dice(seed, "watch"), on=spec.watches_router)
        line, router = self.line, self.router
        line.told = line.cuts.told = router.off.told = self._line_changed
        for ills in (line.portals, line.vpn, line.balanced, self.tripwire.servers_dead):
            ills.told = self.tripwire.poke
        router.natpmp_mute.told = router.says.told = self.watch.poke
        self.isp_dns_down: Ills[str] = Ills()
        """The resolver of the host's own system finds nothing."""
        self.unplugged: Ills[str] = Ills()
        """The host's own cable is out."""
        self.way_out = WayOut(self)
        self.power = None if spec.recovery is None else Power(self, spec.recovery, seed)
        self.suspicions: dict[str, float] = {}
        """When something last happened after which a promise does not hold for a while, in true seconds; see the checkers."""

    def after(self, seconds: float, event: Callable[[], None], *, lasting: bool = False) -> None:
        """Something will happen. What is ``lasting`` is the simulator's own and survives the calm."""
        self._numbered += 1
        heapq.heappush(self._events, (self.clock.true + seconds, self._numbered, event, lasting))

    def _line_changed(self) -> None:
        self.tripwire.poke()
        self.watch.poke()

    def cancel_all(self) -> None:
        """Nothing more will befall this home."""
        self._events = [event for event in self._events if event[3]]
        heapq.heapify(self._events)

    def pass_time(self, seconds: float) -> None:
        """Let ``seconds`` go by, with whatever happens in them."""
        until = self.clock.true + seconds
        while self._events and self._events[0][0] <= until:
            self._happen()
        self.clock.move_to(until)

    def wait_for_news(self, seconds: float) -> None:
        """Let time go by until the next thing has happened, at most ``seconds``."""
        until = self.clock.true + seconds
        if self._events and self._events[0][0] <= until:
            self._happen()
        else:
            # What is left of a wait may be less than the clock can show.
            self.clock.move_to(max(until, self.clock.true + 1e-6))

    def step(self) -> None:
        """The loop has come to a seam: a host whose fuse burns may die here."""
        if self._fuse is not None:
            left, crash = self._fuse
            self._fuse = (left - 1, crash) if left > 0 else None
            if left <= 0:
                raise crash

    def light_fuse(self, steps: int, crash: Crash) -> None:
        """The process dies after so many more steps."""
        self._fuse = (steps, crash)

    def online(self) -> bool:
        """Whether requests get out at all."""
        return not (self.line.cuts.active or self.router.off.active or self.line.portals.active)

    def call(self, service: str, code: str) -> None:
        """A call leaves the house."""
        self._calls.append(ApiCall(service, code, 0.1, service))
        self.calls_made[service] = self.calls_made.get(service, 0) + 1

    def drain(self) -> tuple[ApiCall, ...]:
        """Implements ``seams.CallLog``."""
        if not self._calls:
            return ()
        calls, self._calls = tuple(self._calls), []
        return calls

    def without_a_process(self, crash: Crash) -> None:
        """What it had not written down yet, and what nobody told it, is lost; and time goes by."""
        self.drain()
        if self.power is not None:
            self.power.forget()
        if crash.reboots:
            self.clock.boot()
        self.pass_time(crash.off_s)

    def suspect(self, what: str) -> None:
        """From now on a promise may be hard to keep."""
        self.suspicions[what] = self.clock.true

    def heal(self) -> None:
        """The calm after the storm: every ill is lifted, a person has put right what only a person can, nothing more is planned."""
        self.cancel_all()
        self._fuse = None
        for ills in self._all_ills():
            ills.clear()
        if self.power is not None:
            self.power.heal()
        self.line.note()
        if abs(self.clock.wall_error_s) > 1.0:
            self.set_wall_right()
        for key, entry in self.zone.entries.items():
            if len(entry.held) > 1:
                self.zone.by_hand(key, (entry.held[0].content,))

    def set_wall_right(self) -> None:
        """Time synchronisation works again."""
        self.clock.set_wall(EPOCH + self.clock.true)

    def record_keys(self) -> tuple[RecordKey, ...]:
        """The records that Cadence keeps here."""
        return tuple(record.key for record in self.spec.records)

    def _happen(self) -> None:
        at, _, event, _ = heapq.heappop(self._events)
        self.clock.move_to(at)
        event()

    def _echo_service(self, url: str, number: int) -> EchoService:
        service = EchoService(url, number, self.line, self.router, Ills())
        service.lies = self.lies.setdefault(service.operator, service.lies)
        return service

    def _all_ills(self) -> list[Ills[object]]:
        line, router = self.line, self.router
        found: list[object] = [line.cuts, line.portals, line.vpn, line.balanced]
        found += [router.off, router.mute, router.natpmp_mute, router.says, self.zone.cnames, self.zone.troubles]
        found += [target.ills for target in self.targets] + [resolver.ills for resolver in self.resolvers]
        found += [service.ills for service in self.echo]
        found += [each.slow for each in self.echo] + [*self.lies.values(), self.disk.ills, self.tripwire.servers_dead]
        found += [self.isp_dns_down, self.unplugged]
        return [each for each in found if isinstance(each, Ills)]
