"""One home of a fleet: it loses its line with all the others, comes back under a new address, and each call it then makes is noted."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import urlsplit

import pytest

from cadence_exporter.decide import decide, pace
from cadence_exporter.model.address import Family
from cadence_exporter.simulate.dice import dice
from cadence_exporter.simulate.faults_line import lease
from cadence_exporter.simulate.home import PLAIN, VPN
from cadence_exporter.simulate.run import DAY_S, Simulation
from cadence_exporter.simulate.world import Crash, HomeSpec
from cadence_exporter.simulate.zone import SERVICE as PROVIDER
from tests.simulation.judge import ToldEntry

OUTAGE_S = 45 * 60.0
SHORTEST_LIFE_S, LONGEST_LIFE_S = 600.0, 4200.0
"""How long a process has run when the line fails: over an hour, so that the hourly cross-checks are at any stage."""
WATCHED_S = 900.0
"""After the line is back everywhere."""

Patch = pytest.MonkeyPatch


def as_shipped(_patch: Patch) -> None:
    """Nothing is changed."""


SILENT = replace(PLAIN, tripwire=False)


@dataclass(frozen=True)
class Story:
    """What befalls a fleet, and what kind of homes it has."""

    name: str
    home: HomeSpec = SILENT
    spread_s: float = 0.0
    """Homes come back at random moments of so many seconds, from t0 on."""
    power_cut: bool = False
    """The outage took the hosts as well: each process starts when its line comes back."""
    jitter_s: float | None = None
    plant: Callable[[Patch], None] = as_shipped


NO_NATPMP = replace(PLAIN, speaks_natpmp=False, tripwire=False)
QUIET_NATPMP = replace(PLAIN, announces=False, tripwire=False)


@dataclass
class Trace:
    """The calls of one home after t0, the moment at which the first lines of the fleet work again."""

    calls: list[tuple[float, str]] = field(default_factory=list)
    """Seconds after t0, and who was asked: an echo service's host, a resolver, or the provider."""
    right_s: float | None = None
    """Seconds after t0 at which the provider held the new address."""
    broken: int = 0


class PowerCut(Crash):
    """Lasts until a moment, not for a time: a host dies in its next step, which may be minutes away."""

    def __init__(self, sim: Simulation, until_s: float) -> None:
        super().__init__(off_s=0.0, reboots=True)
        self._clock = sim.world.clock
        self._until_s = until_s

    @property
    def off_s(self) -> float:
        return max(0.0, self._until_s - self._clock.true)

    @off_s.setter
    def off_s(self, _seconds: float) -> None:
        pass


class FleetHome:
    """A simulation with its part of the story planned. ``t0`` is in its own true seconds."""

    def __init__(self, story: Story, seed: int, watched_s: float = WATCHED_S) -> None:
        chance = dice(seed, "fleet")
        lost_s = chance.uniform(SHORTEST_LIFE_S, LONGEST_LIFE_S)
        self.t0 = lost_s + OUTAGE_S
        self.until_s = self.t0 + story.spread_s + watched_s
        self.sim = Simulation(story.home, seed, self.until_s / DAY_S, {})
        if story.jitter_s is not None:
            self.sim.policy = replace(self.sim.policy, jitter_s=story.jitter_s)
        self.trace = Trace()
        self.address = self.sim.world.line.leased[Family.IPV4] + 1
        """After the outage."""
        self._watch()
        world = self.sim.world
        world.doorbell.until = self.until_s
        back_s = self.t0 + chance.uniform(0.0, story.spread_s)
        world.after(lost_s, lambda: world.line.cuts.add("outage"))
        if story.power_cut:
            world.after(lost_s, lambda: world.light_fuse(0, PowerCut(self.sim, back_s)))
        world.after(back_s, self._back)

    def run(self) -> Trace:
        """The whole story."""
        while self.sim._live():
            pass
        return self.done()

    def done(self) -> Trace:
        self.trace.broken = self.sim.account.broken_count
        return self.trace

    def _back(self) -> None:
        world = self.sim.world
        world.line.cuts.lift("outage")
        lease(world, Family.IPV4, self.address, told=True)

    def _watch(self) -> None:
        """Written down where a call is made, so that homes nobody watches pay nothing for it."""
        world, entry = self.sim.world, ToldEntry(self._held)
        world.zone.entries[VPN.key] = entry
        world.zone.by_hand(VPN.key, tuple(str(each) for each in world.line.leased.values()))
        call = world.call

        def provider_asked(service: str, code: str) -> None:
            if service == PROVIDER:
                self._note(PROVIDER)
            call(service, code)

        world.call = provider_asked
        for echo in world.echo:
            echo.ask = partial(self._asked, urlsplit(echo.url).hostname, echo.ask)
        for resolver in world.resolvers:
            resolver.look_up = partial(self._asked, resolver.operator, resolver.look_up)

    def _asked(self, who: str, ask, *about):
        self._note(who)
        return ask(*about)

    def _note(self, who: str) -> None:
        world = self.sim.world
        # What is sent into a cut line reaches nobody.
        if world.clock.true >= self.t0 and world.online():
            self.trace.calls.append((world.clock.true - self.t0, who))

    def _held(self, at: float, contents: tuple[str, ...]) -> None:
        if contents == (str(self.address),) and self.trace.right_s is None:
            self.trace.right_s = at - self.t0


def unspread(patch: Patch) -> None:
    """Confirming looks, looks after a write and repeated attempts come after exactly as long as they are meant to."""
    patch.setattr(pace, "SHORT_WAIT_SPREAD", 0.0)


def begin_with_the_first(patch: Patch) -> None:
    """Each process begins with the first echo service, and looks after a write are not spread: as it was before fleets were looked at."""
    patch.setattr(pace, "spread", lambda wait_s, _draw: wait_s)
    patch.setattr(decide, "MOST_TURNS", 1)


def nothing_random(patch: Patch) -> None:
    """Both."""
    unspread(patch)
    begin_with_the_first(patch)


def no_backoff(patch: Patch) -> None:
    """A failed attempt is repeated every five seconds, whatever the provider asks for."""
    patch.setattr(pace, "retry_after", lambda *_: pace.FIRST_RETRY_S)


def live(story: Story, seeds: range) -> list[Trace]:
    """Each home by itself: what one does changes nothing for the others."""
    with Patch.context() as patch:
        story.plant(patch)
        return [FleetHome(story, seed).run() for seed in seeds]
