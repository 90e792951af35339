"""The history as the web side hands it out: read from the store once a cycle at most, however many ask."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from cadence_exporter.errors import StateUnavailable
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import Now, WallTime
from cadence_exporter.record.state.chronicle import OutageHeld
from cadence_exporter.record.state.history import HistoryView
from cadence_exporter.record.state.watched import WatchedHeld
from cadence_exporter.seams import Clock

FAILED_S = 10.0
"""A store that cannot be read is not asked again before this."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The history behind one page; ``why`` it cannot be read, if so."""

    view: HistoryView
    current: OutageHeld | None
    """The outage that is not over yet."""
    now: Now
    why: str | None = None


class Past:
    """Everything the store remembers. Safe from any thread."""

    def __init__(self, read: Callable[[WallTime], HistoryView], clock: Clock) -> None:
        """``read`` opens the store, reads, closes. Raises StateUnavailable."""
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._view = HistoryView()
        self._of: str | None = None
        self._failure: StateUnavailable | None = None
        self._failed_at = clock.monotonic()

    def view(self, cycle: Cycle | None, *, alive: bool = True) -> HistoryView:
        """As of ``cycle``; since then nothing happened, and somebody watched, if the loop is ``alive``. Raises StateUnavailable.

        Nor is anything known of a time whose cycles are not on disk.
        """
        key = cycle.id if cycle is not None else ""
        with self._lock:
            if key != self._of:
                self._view, self._of = self._fresh(), key
            view = self._view
        if cycle is None or not view.watched or not alive:
            return view
        *earlier, last = view.watched
        if last.ended < cycle.began.wall:
            return view
        until = max(last.ended, self._clock.wall())
        return replace(view, watched=(*earlier, WatchedHeld(last.began, until)))

    def shown(self, cycle: Cycle | None, *, alive: bool = True) -> Shown:
        """The same for the page. Never raises: a page without history is better than none."""
        now = self._clock.now()
        outage = None if cycle is None else cycle.memory.outage
        current = None
        if outage is not None:
            current = OutageHeld(outage.began.wall, now.wall, now.instant - outage.began.instant, outage.where)
        try:
            return Shown(self.view(cycle, alive=alive), current, now)
        except StateUnavailable as error:
            return Shown(HistoryView(), current, now, str(error))

    def _fresh(self) -> HistoryView:
        now = self._clock.monotonic()
        if self._failure is not None and now - self._failed_at < FAILED_S:
            raise self._failure
        try:
            view = self._read(WallTime(0.0))
        except StateUnavailable as error:
            self._failure, self._failed_at = error, now
            raise
        self._failure = None
        return view


def since(view: HistoryView, earliest: WallTime) -> HistoryView:
    """What is younger than ``earliest``, by the same rules as the store's own."""
    return HistoryView(
        tuple(each for each in view.addresses if each.last >= earliest),
        tuple(each for each in view.outages if each.ended >= earliest),
        tuple(each for each in view.dns_changes if each.published >= earliest),
        tuple(each for each in view.transitions if each.at >= earliest),
        tuple(each for each in view.bounces if each.at >= earliest),
        tuple(each for each in view.watched if each.ended >= earliest),
    )
