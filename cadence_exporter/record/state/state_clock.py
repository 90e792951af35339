"""Seconds spent in each state, right at any moment, and never going back: not between two scrapes, not over a kill -9."""

import threading

from cadence_exporter.model.instants import Instant
from cadence_exporter.model.memory import Phase
from cadence_exporter.seams import Clock


class StateClock:
    """What is on disk plus the time since, at most as much as the disk allows for.

    Each commit writes an allowance: how far the shown value may run ahead of the stored one until the next commit. After an
    unclean stop the store adds it, so that whatever was shown is never undercut. While a commit is under way the shown value
    stands still: otherwise the state that is being left would be shown with time that is not on disk.
    """

    def __init__(self, clock: Clock, phase: Phase, allowance_s: float) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._base: dict[Phase, float] = dict.fromkeys(Phase, 0.0)
        self._phase = phase
        self._since = clock.monotonic()
        self._allowance_s = allowance_s
        self._next: tuple[Phase, Instant, float] | None = None

    def restore(self, seconds: dict[Phase, float]) -> None:
        """Begin with these sums, as of now."""
        with self._lock:
            self._base = dict.fromkeys(Phase, 0.0) | seconds
            self._since = self._clock.monotonic()

    def hold(self, phase: Phase, allowance_s: float) -> dict[Phase, float]:
        """Stand still, and return the sums to be written: up to now in the old phase; ``phase`` comes next.

        Until ``release``, further calls return the same.
        """
        with self._lock:
            if self._next is None:
                self._next = (phase, self._clock.monotonic(), allowance_s)
            held = self._next[1]
            return self._base | {self._phase: self._base[self._phase] + max(0.0, held - self._since)}

    def release(self) -> None:
        """Go on, in the phase that was announced: its commit is over."""
        with self._lock:
            if self._next is None:
                return
            phase, at, allowance_s = self._next
            self._base[self._phase] += max(0.0, at - self._since)
            self._phase, self._since, self._allowance_s, self._next = phase, at, allowance_s, None

    def seconds(self) -> dict[Phase, float]:
        """What to show at this moment. Safe from any thread."""
        with self._lock:
            until = self._clock.monotonic() if self._next is None else self._next[1]
            run = min(max(0.0, until - self._since), self._allowance_s)
            return self._base | {self._phase: self._base[self._phase] + run}
