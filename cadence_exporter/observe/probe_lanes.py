"""Every probe in a lane of its own: started side by side, timed inside the lane, never raising."""

from collections.abc import Callable
from typing import Generic, TypeVar

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import Answered, Failed, FailureReason, Reading
from cadence_exporter.outbound.lane import Lane, LaneBusy, Ticket
from cadence_exporter.seams import Clock, Faults

T = TypeVar("T")

GRACE_S = 0.02
"""A call that keeps the same deadline ends a moment after it. Not waited for, it would keep its lane from a look that follows at once."""


class Pending(Generic[T]):
    """A probe under way."""

    def __init__(self, source: str, ticket: Ticket[Reading[T]] | None, clock: Clock) -> None:
        self._source = source
        self._ticket = ticket
        self._clock = clock
        self._began = clock.monotonic()

    @property
    def began(self) -> Instant:
        """When it was started."""
        return self._began

    @property
    def done(self) -> bool:
        """Whether it has ended, one way or the other, or was never begun."""
        return self._ticket is None or self._ticket.done

    def reading(self, deadline: Instant) -> Reading[T]:
        """What came of it by ``deadline``; Failed (timeout) when nothing did, and the lane goes on alone. May be asked again later."""
        if self._ticket is None:
            return Failed(self._source, FailureReason.TIMEOUT, "still waiting for an earlier call", 0.0)
        try:
            return self._ticket.result(deadline + GRACE_S - self._clock.monotonic())
        except TimeoutError:
            took_s = self._clock.monotonic() - self._began
            return Failed(self._source, FailureReason.TIMEOUT, "no answer in time", took_s)


class ProbeLanes:
    """The lanes of one crew, by name, made when first needed."""

    def __init__(self, clock: Clock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._lanes: dict[str, Lane] = {}
        self._abandoned = False

    def start(self, lane: str, source: str, ask: Callable[[], T]) -> Pending[T]:
        """Begin one probe. A lane that still hangs in an earlier call is left alone, and says so in the reading."""
        if self._abandoned:
            return Pending(source, None, self._clock)
        try:
            ticket = self._lane(lane).submit(lambda: self._measure(source, ask))
        except LaneBusy:
            return Pending(source, None, self._clock)
        return Pending(source, ticket, self._clock)

    def abandon(self) -> None:
        """Let go whoever waits, and start nothing any more; safe in signal handlers."""
        self._abandoned = True
        for lane in tuple(self._lanes.values()):
            lane.abandon()

    def close(self) -> None:
        """Let every lane's thread end when it is free; does not wait for hung ones."""
        for lane in self._lanes.values():
            lane.close()

    def _lane(self, name: str) -> Lane:
        return self._lanes.setdefault(name, Lane(name))

    def _measure(self, source: str, ask: Callable[[], T]) -> Reading[T]:
        began = self._clock.monotonic()
        try:
            value = ask()
        except ProbeFailed as failed:
            return Failed(source, failed.reason, failed.detail, self._clock.monotonic() - began)
        except Exception as error:  # noqa: BLE001 - the crew's border: a broken probe is a failed reading, counted
            self._faults.caught("observe", error)
            return Failed(source, FailureReason.OTHER, type(error).__name__, self._clock.monotonic() - began)
        return Answered(source, value, self._clock.monotonic() - began)
