"""A switch that switches nothing: a month of it shows what Cadence would have done."""

from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.power import BounceReceipt, Identity, PowerReading, Proof
from cadence_exporter.model.recovery import REHEARSAL
from cadence_exporter.seams import Clock

_NOBODY = Identity("", REHEARSAL, "")
"""Without an id: after a month of rehearsal the real device is another one, and is to be learnt."""


class Rehearsal:
    """A ``PowerSwitch`` that is always there and always on."""

    name = REHEARSAL
    device_owns_timer = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def identify(self, deadline: Instant) -> Identity:  # noqa: ARG002 - asks nobody
        """Itself."""
        return _NOBODY

    def is_on(self, deadline: Instant) -> PowerReading:  # noqa: ARG002 - asks nobody
        """Always."""
        return PowerReading(on=True)

    def bounce(self, off_for_s: float, deadline: Instant) -> BounceReceipt:  # noqa: ARG002 - asks nobody
        """A receipt that says that nothing was switched."""
        now = self._clock.monotonic()
        return BounceReceipt(_NOBODY, Proof.REHEARSED, now, off_for_s, later(now, off_for_s))

    def ensure_on(self, deadline: Instant) -> None:
        """It is."""
