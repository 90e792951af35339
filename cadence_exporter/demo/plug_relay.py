"""The relay of a pretend plug, on the plug's own clock: its timer runs on when nobody talks to it, and its contacts keep a history."""

import threading
from collections.abc import Callable

from cadence_exporter.model.instants import Instant, later
from cadence_exporter.seams import Clock


class PlugRelay:
    """``says_on`` is what the plug believes, ``history`` what its contacts really did."""

    def __init__(self, clock: Clock, load_w: float = 9.5) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._says_on = True
        self._flip_at: Instant | None = None
        self.load_w = load_w
        self.timer_works = True
        """False: it is shown, and never comes due."""
        self.welded = False
        """The contacts stay closed whatever the plug believes."""
        self.stuck = False
        """Commands are taken and change nothing."""
        self.on_order_at: Instant | None = None
        """A rule beside the relay that turns it on at this time, whatever is commanded until then (Kasa's countdown)."""
        self.history: list[tuple[Instant, bool]] = [(clock.monotonic(), True)]
        self.switched: Callable[[bool], None] = _nobody_minds
        """Told when the contacts moved, once anybody asks the plug: what hangs on it has power, or none."""

    @property
    def says_on(self) -> bool:
        """What the plug tells."""
        with self._lock:
            self._catch_up()
            return self._says_on

    @property
    def power_on(self) -> bool:
        """Whether what hangs on it has power."""
        with self._lock:
            self._catch_up()
            return self.history[-1][1]

    @property
    def watts(self) -> float:
        """What its meter shows."""
        return self.load_w if self.power_on else 0.0

    @property
    def timer_left_s(self) -> float | None:
        """Seconds until the relay flips by itself."""
        with self._lock:
            self._catch_up()
            return None if self._flip_at is None else max(0.0, self._flip_at - self._clock.monotonic())

    def set(self, on: bool, flip_after_s: float | None = None) -> bool:
        """Switch; any timer is replaced. Returns what it was before."""
        with self._lock:
            self._catch_up()
            was = self._says_on
            now = self._clock.monotonic()
            if not self.stuck:
                self._switch(on=on, at=now)
                self._flip_at = None if flip_after_s is None else later(now, flip_after_s)
            return was

    def restart(self, on: bool, flip_after_s: float | None = None) -> None:
        """The plug starts anew: timers are forgotten, the relay takes its start-up state."""
        with self._lock:
            self._catch_up()
            now = self._clock.monotonic()
            self._switch(on=on, at=now)
            self._flip_at = None if flip_after_s is None else later(now, flip_after_s)

    def longest_off_s(self) -> float:
        """The longest time without power so far."""
        with self._lock:
            self._catch_up()
            ends = [*self.history[1:], (self._clock.monotonic(), True)]
            spans = zip(self.history, ends, strict=True)
            return max((end[0] - begin[0] for begin, end in spans if not begin[1]), default=0.0)

    def _switch(self, *, on: bool, at: Instant) -> None:
        self._says_on = on
        if (on or self.welded) != self.history[-1][1]:
            self.history.append((at, on or self.welded))
            self.switched(self.history[-1][1])

    def _catch_up(self) -> None:
        """Do what came due since anybody looked, at the time at which it came due."""
        now = self._clock.monotonic()
        if not self.timer_works:
            return
        if self._flip_at is not None and self._flip_at <= now:
            due, self._flip_at = self._flip_at, None
            self._switch(on=not self._says_on, at=due)
        if self.on_order_at is not None and self.on_order_at <= now:
            due, self.on_order_at = self.on_order_at, None
            self._switch(on=True, at=due)


def _nobody_minds(_: bool) -> None:
    """Nothing hangs on it."""
