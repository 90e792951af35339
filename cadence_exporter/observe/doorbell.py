"""What the loop waits on: whoever rings brings the next cycle forward, but never often enough to become a nuisance outside."""

import queue
from collections import deque

from cadence_exporter.model.instants import Instant
from cadence_exporter.model.wakeup import Reason, Wakeup
from cadence_exporter.seams import Clock

# A router that re-dials announces itself several times within a second; one look after the last of them is enough.
MIN_SPACING_S = 2.0
# Each hinted cycle asks every echo service. A forged announcement every second must not get this home banned by them.
MOST_HINTS_AN_HOUR = 60
HOUR_S = 3600.0
# Rings beyond this say nothing new, and must not fill the memory during a long cycle.
_MOST_WAITING = 1000
_AT_ONCE = frozenset({Reason.STOP, Reason.RELOAD})


class QueueDoorbell:
    """The production doorbell. One thread waits; any thread and any signal handler may ring (SimpleQueue.put is reentrant)."""

    def __init__(self, clock: Clock, inbox: "queue.SimpleQueue[Reason] | None" = None) -> None:
        self._clock = clock
        self._inbox: queue.SimpleQueue[Reason] = queue.SimpleQueue() if inbox is None else inbox
        self._hints: set[Reason] = set()
        """Rung, but not let through yet."""
        self._let_through: deque[Instant] = deque(maxlen=MOST_HINTS_AN_HOUR)
        """When hinted wakeups were given out."""
        self.stopping = False
        """See the seam."""

    def ring(self, reason: Reason) -> None:
        """See the seam."""
        if reason is Reason.STOP:
            self.stopping = True
        if reason in _AT_ONCE or self._inbox.qsize() < _MOST_WAITING:
            self._inbox.put(reason)

    def wait(self, until: Instant) -> Wakeup:
        """See the seam. Hints that come too soon are kept, and let through as soon as their spacing allows."""
        while True:
            urgent = self._take_all()
            now = self._clock.monotonic()
            hints_due = bool(self._hints) and now >= self._hints_allowed_at()
            if urgent or hints_due or now >= until:
                return self._wakeup(urgent, now, hints_due=hints_due, due=now >= until)
            wake_at = min(until, self._hints_allowed_at()) if self._hints else until
            self._wait_for_one(wake_at - now)

    def _wakeup(self, urgent: set[Reason], now: Instant, *, hints_due: bool, due: bool) -> Wakeup:
        reasons = set(urgent)
        if hints_due:
            reasons |= self._hints
            self._hints.clear()
            self._let_through.append(now)
        if due:
            reasons.add(Reason.DUE)
        return Wakeup(frozenset(reasons))

    def _hints_allowed_at(self) -> Instant:
        """The earliest instant for the next hinted wakeup."""
        if not self._let_through:
            return Instant(0.0)
        spaced = self._let_through[-1] + MIN_SPACING_S
        if len(self._let_through) < MOST_HINTS_AN_HOUR:
            return Instant(spaced)
        return Instant(max(spaced, self._let_through[0] + HOUR_S))

    def _take_all(self) -> set[Reason]:
        """Sort what waits in the inbox; the urgent ones are returned."""
        urgent: set[Reason] = set()
        while True:
            try:
                self._sort(self._inbox.get_nowait(), urgent)
            except queue.Empty:
                return urgent

    def _wait_for_one(self, seconds: float) -> None:
        try:
            reason = self._inbox.get(timeout=min(max(seconds, 0.0), HOUR_S))
        except queue.Empty:
            return
        self._inbox.put(reason)  # sorted with the rest

    def _sort(self, reason: Reason, urgent: set[Reason]) -> None:
        (urgent if reason in _AT_ONCE else self._hints).add(reason)
