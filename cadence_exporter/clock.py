"""The only reader of time. Everybody else is handed a ``Now`` or asks the ``Clock`` seam."""

import time
from pathlib import Path

from cadence_exporter.model.instants import Boot, Instant, Now, WallTime

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""random(4): drawn anew at each boot of the kernel; containers show that of their host."""


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

    def since_boot(self, boot_id: Path = BOOT_ID) -> Boot:
        """Which boot of the machine this is, and how long ago it was."""
        try:
            which = boot_id.read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            which = ""
        return Boot(which, time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)))

    def now(self) -> Now:
        """Both clocks at once."""
        return Now(self.monotonic(), self.wall())
