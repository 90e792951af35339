"""The modem of the pretend home: it hangs, only a real power cycle helps, and it takes its time to boot."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

DISCHARGES_S = 10.0
"""Off for less than this, its capacitors keep what hangs alive."""
NO_POWER, HANGS, BOOTS = "modem without power", "modem hangs", "modem boots"
_ROUTER_BOOTS_S = 45.0


class Modem:
    """One that hangs on the plug's contacts, and the router with it when ``feeds_router``."""

    def __init__(self, world: "World", boot_s: Callable[[], float], *, feeds_router: bool) -> None:
        self._world = world
        self._boot_s = boot_s
        self._feeds_router = feeds_router
        self._starts = 0
        self._off_at: float | None = None
        self.hangs = False
        self.at_once = False
        """It boots in no time: the calm after the storm."""
        self.revived = 0
        """Times that a power cycle ended a hang."""

    def hang(self) -> None:
        """Nothing goes through it any more, until its power is cut for long enough."""
        if not self.hangs:
            self.hangs = True
            self._world.line.cuts.add(HANGS)

    def recover(self) -> None:
        """By itself, or by a person who pulled the plug."""
        self.hangs = False
        self._world.line.cuts.lift(HANGS)

    def power(self, on: bool, at: float) -> None:
        """Its power goes or comes."""
        self._starts += 1
        cuts, off = self._world.line.cuts, self._world.router.off
        if not on:
            self._off_at = at
            cuts.lift(BOOTS)
            cuts.add(NO_POWER)
            if self._feeds_router:
                off.lift(BOOTS)
                off.add(NO_POWER)
            return
        off_s = 0.0 if self._off_at is None else at - self._off_at
        if off_s >= DISCHARGES_S and self.hangs:
            self.revived += 1
            self.recover()
        cuts.lift(NO_POWER)
        self._boot(at)

    def heal(self, *, power: bool) -> None:
        """The storm is over, and all ills were lifted: what is left is what the plug does to it."""
        self.hangs, self.at_once = False, True
        self._starts += 1
        self._world.line.cuts.lift(BOOTS)
        self._world.router.off.lift(BOOTS)
        if not power:
            self._world.line.cuts.add(NO_POWER)
            if self._feeds_router:
                self._world.router.off.add(NO_POWER)

    def _boot(self, at: float) -> None:
        world, start = self._world, self._starts
        boot_s = 0.0 if self.at_once else self._boot_s()
        world.line.cuts.add(BOOTS)
        self._later(at + boot_s, start, lambda: world.line.cuts.lift(BOOTS))
        if self._feeds_router:
            world.router.off.lift(NO_POWER)
            world.router.off.add(BOOTS)
            self._later(at + min(boot_s, _ROUTER_BOOTS_S), start, lambda: world.router.off.lift(BOOTS))

    def _later(self, at: float, start: int, event: Callable[[], None]) -> None:
        """Unless its power went meanwhile."""
        world = self._world
        world.after(max(0.0, at - world.clock.true), lambda: event() if start == self._starts else None, lasting=True)
