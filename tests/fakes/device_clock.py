"""The clock of a pretend device: it goes only when the test moves it, whatever happens to the client."""

from cadence_exporter.model.instants import Instant, Now, WallTime


class DeviceClock:
    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> Instant:
        return Instant(self.at)

    def wall(self) -> WallTime:
        return WallTime(1_795_435_200.0 + self.at)

    def now(self) -> Now:
        return Now(self.monotonic(), self.wall())
