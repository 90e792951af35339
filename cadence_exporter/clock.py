"""The only reader of time. Everybody else is handed a ``Now`` or asks the ``Clock`` seam."""

import time

from cadence_exporter.model.instants import Instant, Now, WallTime


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> Instant:
        """Seconds that never go back. On Linux this stands still while the machine is suspended."""
        return Instant(time.monotonic())

    def wall(self) -> WallTime:
        """Seconds since 1970 as the machine believes; may jump either way."""
        return WallTime(time.time())

    def asleep_s(self) -> float | None:
        """Seconds that the machine has spent suspended since it was booted; None where the system does not say (not Linux)."""
        boottime = getattr(time, "CLOCK_BOOTTIME", None)
        return None if boottime is None else time.clock_gettime(boottime) - time.clock_gettime(time.CLOCK_MONOTONIC)

    def now(self) -> Now:
        """Both clocks at once."""
        return Now(self.monotonic(), self.wall())
