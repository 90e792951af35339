"""A laptop that wakes may be in another home: whatever is believed is as old as the sleep was long."""

from collections.abc import Callable
from threading import Event

from cadence_exporter.model.hearing import Ear
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.listeners.listener import ListenerFailed, Report

EVERY_S = 2.0
SHORTEST_SLEEP_S = 1.0
"""Two clocks that are read one after the other differ by microseconds, on a host that was stopped in between by more."""


class Resume:
    """Implements ``Listener``."""

    name = Ear.RESUME

    def __init__(self, asleep_s: Callable[[], float | None]) -> None:
        """``asleep_s``: seconds that this host has spent suspended since it was booted; None when it does not say."""
        self._asleep_s = asleep_s

    def listen(self, report: Report, stop: Event) -> None:
        """See the protocol."""
        before = self._asleep()
        report.up()
        while not stop.wait(EVERY_S):
            asleep = self._asleep()
            if asleep - before >= SHORTEST_SLEEP_S:
                report.ring(Reason.RESUME)
            before = asleep

    def _asleep(self) -> float:
        asleep = self._asleep_s()
        if asleep is None:
            raise ListenerFailed("this system does not say how long it was suspended")
        return asleep
