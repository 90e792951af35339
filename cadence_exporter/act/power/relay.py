"""What each kind of device can do, in its own protocol. Nothing here decides; ``guarded_switch`` does."""

from typing import Protocol

from cadence_exporter.model.instants import Instant
from cadence_exporter.model.power import Identity, PowerReading, Proof


class Relay(Protocol):
    """One outlet. Each method raises ProbeFailed when the device cannot be asked, or says something that it should not."""

    name: str
    proof: Proof
    """What vouches for the power's return after ``cut``."""
    cuts_at_once: bool
    """Whether the relay reads off right after ``cut``; otherwise something else (a script) switches it in its own time."""

    def identify(self, deadline: Instant) -> Identity:
        """Who is there."""
        ...

    def read(self, deadline: Instant) -> PowerReading:
        """What the relay does."""
        ...

    def prepare(self, off_for_s: float, deadline: Instant) -> None:
        """Make sure that after a ``cut`` the power comes back. Raises ActionFailed (refusal) with what to change at the device."""
        ...

    def cut(self, off_for_s: float, deadline: Instant) -> None:
        """Power off. After an exception it may have happened, or happen yet."""
        ...

    def turn_on(self, deadline: Instant) -> None:
        """Power on."""
        ...
