"""What the loop waits on in the pretend home: the world goes on until it is time, or until something in it rings."""

from typing import TYPE_CHECKING

from cadence_exporter.decide.hints import HintAllowance
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.wakeup import Reason, Wakeup

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

_DUE = Wakeup(frozenset({Reason.DUE}))
_STOP = Wakeup(frozenset({Reason.STOP}))
_AT_ONCE = frozenset({Reason.STOP, Reason.RELOAD})


class WorldDoorbell:
    """Implements ``seams.Doorbell``."""

    stopping = False

    def __init__(self, world: "World", until: float) -> None:
        self._world = world
        self.until = until
        """True seconds at which the simulation stops."""
        self._rung: set[Reason] = set()
        self._allowance = HintAllowance()

    def ring(self, reason: Reason) -> None:
        """See the seam."""
        self._rung.add(reason)

    def wait(self, until: Instant) -> Wakeup:
        """See the seam."""
        world, clock = self._world, self._world.clock
        world.step()
        while True:
            if clock.true >= self.until:
                return _STOP
            left = until - clock.monotonic()
            if self._rung:
                hints = self._rung - _AT_ONCE
                allowed = (self._allowance.allowed_at(hints) if hints else until) - clock.monotonic()
                if self._rung & _AT_ONCE or allowed <= 0 or left <= 0:
                    return self._wakeup(due=left <= 0, hints=allowed <= 0)
                left = min(left, allowed)
            elif left <= 0:
                return _DUE
            world.wait_for_news(min(left, self.until - clock.true))

    def _wakeup(self, *, due: bool, hints: bool) -> Wakeup:
        let_through = {reason for reason in self._rung if hints or reason in _AT_ONCE}
        self._rung -= let_through
        if let_through - _AT_ONCE:
            self._allowance.spend(let_through - _AT_ONCE, self._world.clock.monotonic())
        return Wakeup(frozenset(let_through | {Reason.DUE}) if due else frozenset(let_through))
