"""Slow work done on the spot: a lane without a thread."""

from collections.abc import Callable
from typing import TypeVar

from cadence_exporter.outbound.lane import Ticket

T = TypeVar("T")


class InlineLane:
    """Implements ``outbound.lane.Worker``. Work that hangs raises TimeoutError itself, after moving the clock to its deadline."""

    def __init__(self, name: str) -> None:
        self.name = name

    def submit(self, work: Callable[[], T]) -> Ticket[T]:
        """Do it now; a crash in it comes out of the ticket like any other error."""
        ticket = Ticket(work)
        ticket.run()
        return ticket

    def close(self) -> None:
        """Nothing is held."""
