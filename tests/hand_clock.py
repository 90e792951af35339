"""A clock that goes only when it is moved."""

from dataclasses import dataclass

from cadence_exporter.model.instants import Boot, Instant, Now, WallTime


@dataclass
class HandClock:
    """``seconds`` is the monotonic side; the wall clock is ``epoch`` ahead of it."""

    seconds: float = 1000.0
    epoch: float = 1_795_435_200.0

    def monotonic(self) -> Instant:
        return Instant(self.seconds)

    def wall(self) -> WallTime:
        return WallTime(self.epoch + self.seconds)

    def since_boot(self) -> Boot:
        return Boot("", self.seconds)

    def now(self) -> Now:
        return Now(self.monotonic(), self.wall())
