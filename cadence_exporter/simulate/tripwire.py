"""The tripwire of the pretend home. Between changes of the line nothing happens: each question would be answered as the one before."""

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from cadence_exporter.decide.tripwire import PathSeen, Tripping
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import MappedAddress
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.simulate.dice import Dice
from cadence_exporter.simulate.ills import Ills

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

EVERY_S = 7.5
GIVE_UP_S = 2.0
SILENT_EVERY_S = 3.0
IDLE_EVERY_S = 62.0
"""As in production."""


class WorldTripwire:
    """What ``observe.listeners.tripwire`` does, noticed as late as there: with the next question."""

    def __init__(self, world: "World", dice: Dice, *, on: bool) -> None:
        self._world = world
        self._dice = dice
        self._on = on
        self.servers_dead: Ills[str] = Ills()
        self._tripping = Tripping()
        self._path = PathSeen()
        self._seen: IPv4Address | None = None
        """What the question before would have been answered with."""
        self._generation = 0

    def restart(self) -> None:
        """The process began anew: its first question is under way."""
        self._tripping, self._path = Tripping(), PathSeen()
        self._seen = None
        if self._on:
            self._plan(0.1)

    def poke(self) -> None:
        """Something about the line changed."""
        if not self._on or self._sight() == self._seen:
            return
        self._seen = self._sight()
        silent = self._tripping.silent_since is not None
        every_s = self._silent_every_s() if silent else EVERY_S
        self._plan(self._dice.uniform(0, every_s) + (GIVE_UP_S if self._seen is None else 0.02))

    def path(self, now: Instant, *, works: bool) -> None:
        """A look found the path so."""
        self._path = PathSeen(now, self._path.failed) if works else PathSeen(self._path.worked, now)

    def word(self, now: Instant) -> MappedAddress | None:
        """What was heard last."""
        tripping = self._tripping
        if not self._on or tripping.address is None:
            return None
        if tripping.silent_since is None:
            return MappedAddress(tripping.address, now % EVERY_S)
        return MappedAddress(tripping.address, now - tripping.silent_since + EVERY_S / 2)

    def _sight(self) -> IPv4Address | None:
        world = self._world
        dead = world.router.off.active or world.line.portals.newest == "everything" or self.servers_dead.active
        seen = None if dead else world.line.egress(Family.IPV4, 0)
        return seen if isinstance(seen, IPv4Address) else None

    def _plan(self, seconds: float) -> None:
        self._generation += 1
        mine = self._generation
        self._world.after(seconds, lambda: self._notice(mine), lasting=True)

    def _notice(self, generation: int) -> None:
        """The answer to a question, or its absence. Only the newest plan counts."""
        if generation != self._generation:
            return
        self._seen = self._sight()
        now = self._world.clock.monotonic()
        if self._seen is not None:
            if self._tripping.heard(self._seen, now, self._path):
                self._world.doorbell.ring(Reason.TRIPWIRE)
            return
        if self._tripping.silence(Instant(now - GIVE_UP_S), now, self._path):
            self._world.doorbell.ring(Reason.TRIPWIRE)
        if not self._tripping.hopeless(now, self._path) and self.servers_dead.active:
            self._plan(SILENT_EVERY_S)  # until it is clear that the path is not to blame

    def _silent_every_s(self) -> float:
        now = self._world.clock.monotonic()
        return IDLE_EVERY_S if self._tripping.hopeless(now, self._path) else SILENT_EVERY_S
