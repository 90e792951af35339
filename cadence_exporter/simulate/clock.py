"""The clocks of the pretend home. True time is the simulator's own; the host sees a monotonic clock and an untrustworthy wall clock."""

from cadence_exporter.model.instants import Boot, Instant, Now, WallTime

EPOCH = 1_767_225_600.0
"""Where the wall clock begins when nobody tampers with it: 2026-01-01, UTC."""
BOOT_S = 10.0
"""What the monotonic clock shows when the service starts right after booting."""


class WorldClock:
    """Implements ``seams.Clock``. Only the world moves it."""

    def __init__(self) -> None:
        self.true = 0.0
        """Seconds since the simulation began."""
        self.awake = 0.0
        self.slept = 0.0
        """Seconds that the host was suspended so far."""
        """The same without the time in which the host was suspended."""
        self._booted = 0.0
        self._monotonic = Instant(BOOT_S)
        self._boots = 0
        self._slept_before = 0.0
        self._wall_base = EPOCH
        self._wall_from = 0.0
        self._wall_rate = 1.0

    def monotonic(self) -> Instant:
        """See the seam. Stands still while the host is suspended, as on Linux."""
        return self._monotonic

    def wall(self) -> WallTime:
        """See the seam."""
        return WallTime(self._wall_base + (self.true - self._wall_from) * self._wall_rate)

    def now(self) -> Now:
        """See the seam."""
        return Now(self._monotonic, self.wall())

    def since_boot(self) -> Boot:
        """See the seam. Time in suspension counts, as on Linux."""
        return Boot(f"boot-{self._boots}", self.monotonic() + self.slept - self._slept_before)

    def move_to(self, true: float) -> None:
        """Let time pass, with the host awake. Never back."""
        passed = true - self.true
        if passed > 0.0:
            self.awake += passed
            self.true = true
            self._monotonic = Instant(self.awake - self._booted + BOOT_S)

    def sleep(self, seconds: float) -> None:
        """Let time pass with the host suspended."""
        self.slept += seconds
        self.true += seconds

    def boot(self) -> None:
        """The machine begins to boot: what goes by until a process starts is all that its clocks know of."""
        self._booted = self.awake + BOOT_S
        self._monotonic = Instant(self.awake - self._booted + BOOT_S)
        self._boots += 1
        self._slept_before = self.slept

    def set_wall(self, wall: float, rate: float = 1.0) -> None:
        """Somebody sets the wall clock; from now on it runs at ``rate`` seconds a second."""
        self._wall_base, self._wall_from, self._wall_rate = wall, self.true, rate

    @property
    def wall_error_s(self) -> float:
        """How far the wall clock is ahead of the truth."""
        return self.wall() - (EPOCH + self.true)
