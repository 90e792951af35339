"""What the loop waits on: whoever rings brings the next cycle forward, but never often enough to become a nuisance outside."""

import queue

from cadence_exporter.decide.hints import HintAllowance
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.wakeup import Reason, Wakeup
from cadence_exporter.seams import Clock

_LONGEST_WAIT_S = 3600.0
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
        self._allowance = HintAllowance()
        self.stopping = False
        """See the seam."""

    def ring(self, reason: Reason) -> None:
        """See the seam."""
        if reason is Reason.STOP:
            self.stopping = True
        if reason in self._hints:
            return  # waits to be let through already: a flood need not wake the loop for nothing
        if reason in _AT_ONCE or self._inbox.qsize() < _MOST_WAITING:
            self._inbox.put(reason)

    def wait(self, until: Instant) -> Wakeup:
        """See the seam. Hints that come too soon are kept, and let through as soon as their spacing allows."""
        while True:
            urgent = self._take_all()
            now = self._clock.monotonic()
            hints_due = bool(self._hints) and now >= self._allowance.allowed_at(self._hints)
            if urgent or hints_due or now >= until:
                return self._wakeup(urgent, now, hints_due=hints_due, due=now >= until)
            wake_at = min(until, self._allowance.allowed_at(self._hints)) if self._hints else until
            self._wait_for_one(wake_at - now)

    def _wakeup(self, urgent: set[Reason], now: Instant, *, hints_due: bool, due: bool) -> Wakeup:
        reasons = set(urgent)
        if hints_due:
            reasons |= self._hints
            self._allowance.spend(self._hints, now)
            self._hints.clear()
        if due:
            reasons.add(Reason.DUE)
        return Wakeup(frozenset(reasons))

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
            reason = self._inbox.get(timeout=min(max(seconds, 0.0), _LONGEST_WAIT_S))
        except queue.Empty:
            return
        self._inbox.put(reason)  # sorted with the rest

    def _sort(self, reason: Reason, urgent: set[Reason]) -> None:
        (urgent if reason in _AT_ONCE else self._hints).add(reason)
