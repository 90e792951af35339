"""What the loop waits on in the pretend home: the world goes on until it is time, or until something in it rings."""

from collections import deque
from typing import TYPE_CHECKING

from cadence_exporter.model.instants import Instant
from cadence_exporter.model.wakeup import Reason, Wakeup

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

MIN_SPACING_S = 2.0
MOST_HINTS_AN_HOUR = 60
"""Both as in production; a test holds them together."""
HOUR_S = 3600.0
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
        self._let_through: deque[Instant] = deque(maxlen=MOST_HINTS_AN_HOUR)

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
                allowed = self._hints_allowed_at() - clock.monotonic()
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
            self._let_through.append(self._world.clock.monotonic())
        return Wakeup(frozenset(let_through | {Reason.DUE}) if due else frozenset(let_through))

    def _hints_allowed_at(self) -> float:
        if not self._let_through:
            return 0.0
        spaced = self._let_through[-1] + MIN_SPACING_S
        if len(self._let_through) < MOST_HINTS_AN_HOUR:
            return spaced
        return max(spaced, self._let_through[0] + HOUR_S)
