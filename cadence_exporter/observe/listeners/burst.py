"""News come in bursts: one ring after each of them, and where it pays a second one a little later."""

from dataclasses import dataclass

from cadence_exporter.model.instants import Instant, later

QUIET_S = 0.1
"""A router that gets another address says so twice or thrice within milliseconds, at first still with the old one, and its default
route is in some 50 ms after that: a look that begins earlier would see a home that is half moved."""
LONGEST_S = 0.3
"""A flood has no end to wait for."""
STOP_CHECK_S = 0.5
"""How often a listener without news looks whether it should end."""


@dataclass(slots=True)
class Burst:
    """When to ring."""

    again_s: float | None = None
    """The second ring: so long after the last news."""
    _first: Instant | None = None
    _last: Instant | None = None
    _again_at: Instant | None = None

    def news(self, now: Instant) -> None:
        """Something was heard."""
        self._first = now if self._first is None else self._first
        self._last = now
        self._again_at = None if self.again_s is None else later(now, self.again_s)

    def patience_s(self, now: Instant) -> float:
        """How long to wait for more before ``rings`` is asked again; above zero."""
        moments = [at for at in (self._ring_at(), self._again_at) if at is not None]
        return min(STOP_CHECK_S, max(0.001, min(moments, default=later(now, STOP_CHECK_S)) - now))

    def rings(self, now: Instant) -> bool:
        """Whether it is time to ring. True once for each moment."""
        ring_at = self._ring_at()
        if ring_at is not None and now >= ring_at:
            self._first = self._last = None
            return True
        if self._again_at is not None and now >= self._again_at:
            self._again_at = None
            return True
        return False

    def _ring_at(self) -> Instant | None:
        if self._first is None or self._last is None:
            return None
        return min(later(self._last, QUIET_S), later(self._first, LONGEST_S))
