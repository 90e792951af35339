"""The UPS of the pretend home, and the mains behind it."""

from collections.abc import Callable

from cadence_exporter.model.observation import Answered, FailureReason, Reading
from cadence_exporter.model.ups import UpsReading
from cadence_exporter.simulate.ills import Ills
from cadence_exporter.simulate.services import failed

_LOW = 0.2
"""Share of the battery at which it says so."""


class Ups:
    """Full when the mains fail; ``runtime_s`` seconds later it is empty."""

    def __init__(self, time: Callable[[], float], runtime_s: float) -> None:
        self._time = time
        self.runtime_s = runtime_s
        self.silent: Ills[str] = Ills()
        self.mains_gone_at: float | None = None

    @property
    def on_battery(self) -> bool:
        """Whether the mains are gone."""
        return self.mains_gone_at is not None

    def charge(self) -> float:
        """0 to 1."""
        if self.mains_gone_at is None:
            return 1.0
        return max(0.0, 1.0 - (self._time() - self.mains_gone_at) / self.runtime_s)

    def read(self) -> Reading[UpsReading]:
        """What its server says."""
        if self.silent.active:
            return failed("ups", FailureReason.REFUSED)
        charge = self.charge()
        low = charge <= _LOW
        flags = frozenset(("OB", "LB") if low else ("OB",)) if self.on_battery else frozenset(("OL",))
        return Answered("ups", UpsReading(self.on_battery, low, charge, charge * self.runtime_s, flags), 0.01)
