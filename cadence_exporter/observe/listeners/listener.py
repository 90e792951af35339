"""What a listener is, and whom it tells. It never acts and never decides: whatever it hears is a reason to look."""

from threading import Event
from typing import Protocol

from cadence_exporter.errors import printable
from cadence_exporter.model.wakeup import Reason


class ListenerFailed(Exception):
    """It cannot hear (any more). It is started again, with growing pauses."""

    def __init__(self, why: str) -> None:
        super().__init__(printable(why))


class Report(Protocol):
    """Whom a listener tells. Safe from any thread; nothing here blocks or raises."""

    def up(self) -> None:
        """It hears now."""
        ...

    def down(self, why: str) -> None:
        """It does not hear, and goes on trying by itself."""
        ...

    def ring(self, reason: Reason) -> None:
        """Something may have changed: counted, then the doorbell."""
        ...

    def ignored(self, why: str) -> None:
        """A packet that meant nothing; ``why`` is one of ``model.hearing.Ignored``."""
        ...

    def sent(self, packets: int = 1) -> None:
        """It asked something: the cost of hearing is counted."""
        ...


class Listener(Protocol):
    """One way to hear of a change."""

    @property
    def name(self) -> str:
        """One of ``model.hearing.Ear``."""
        ...

    def listen(self, report: Report, stop: Event) -> None:
        """Block until ``stop`` is set, and notice that within a second or two.

        Raises OSError or ListenerFailed when it cannot hear (any more). Waits are socket timeouts or ``stop.wait``.
        """
        ...
