"""Hands what is due to a lane after each cycle. No timer: a loop that stands still sends nothing, a sink that hangs costs its lane."""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.delivery import SinkName, Trouble
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.outbound.lane import LaneBusy, Ticket, Worker
from cadence_exporter.record.sinks.board import SinkBoard
from cadence_exporter.seams import Clock

FIRST_PAUSE_S = 60.0
"""After a failure; doubles with each further one. Google asks for exponential back-off, and so does good manners."""
LONGEST_PAUSE_S = 3600.0
STUCK_S = 240.0
"""A delivery that takes longer than all its deadlines together hangs where no deadline reaches: in the system's resolver."""

_CURED_BY_THE_LINE = frozenset({Trouble.TIMEOUT, Trouble.NETWORK})


class DeliveryFailed(Exception):
    """A delivery did not work, or it is not known whether it did. ``why`` holds no word of an answer, of a URL or of a key."""

    def __init__(self, trouble: Trouble, why: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{trouble}: {why}")
        self.trouble = trouble
        self.why = why
        self.retry_after_s = retry_after_s


class Sink(Protocol):
    """What is delivered, and how. ``plan`` is called by the loop's thread, what it returns by the lane, never both at once."""

    name: SinkName
    channel: str

    def plan(self, cycle: Cycle) -> Callable[[], int | None] | None:
        """What is to be done after this cycle.

        It returns how many happenings went out with it, ``None`` when it sent nothing but could have, or raises DeliveryFailed.
        """
        ...


class Courier:
    """One sink and its lane."""

    def __init__(
        self, sink: Sink, lane: Worker, board: SinkBoard, clock: Clock, longest_pause_s: float = LONGEST_PAUSE_S
    ) -> None:
        self._sink = sink
        self._lane = lane
        self._board = board
        self._clock = clock
        self._ticket: Ticket[None] | None = None
        self._began = Instant(0.0)
        self._told_stuck = False
        self._longest_pause_s = longest_pause_s
        self._failures = 0
        self._trouble: Trouble | None = None
        self._not_before = Instant(0.0)

    def record(self, cycle: Cycle) -> None:
        """After each cycle. Raises what a delivery raised unexpectedly."""
        ticket = self._ticket
        if ticket is not None and not ticket.done:
            self._notice_stuck()
            return
        self._ticket = None
        if ticket is not None:
            ticket.result(0.0)
        now = self._clock.monotonic()
        if cycle.decision.outage_ended is not None and self._trouble in _CURED_BY_THE_LINE:
            self._not_before = now
        work = self._sink.plan(cycle) if now >= self._not_before else None
        if work is not None:
            self._began, self._told_stuck = now, False
            with suppress(LaneBusy):  # with what was begun before a reload: the same must not be told twice
                self._ticket = self._lane.submit(lambda: self._deliver(work))

    @property
    def channel(self) -> str:
        """What it delivers to."""
        return self._sink.channel

    def _deliver(self, work: Callable[[], int | None]) -> None:
        began = self._clock.monotonic()
        failure: DeliveryFailed | None = DeliveryFailed(Trouble.BUG, "an unexpected error, see the log")
        try:
            items, failure = work(), None
            self._failures, self._trouble = 0, None
            self._board.delivered(self._sink.channel, items, self._clock.monotonic() - began)
        except DeliveryFailed as error:
            failure = error
        finally:  # whatever else was raised goes on to ``record``, and is counted at the loop's border
            if failure is not None:
                self._fail(failure)

    def _fail(self, failure: DeliveryFailed) -> None:
        self._failures += 1
        self._trouble = failure.trouble
        pause_s = min(self._longest_pause_s, FIRST_PAUSE_S * 2.0 ** min(self._failures - 1, 10))
        if failure.retry_after_s is not None:
            pause_s = min(LONGEST_PAUSE_S, max(pause_s, failure.retry_after_s))
        self._not_before = later(self._clock.monotonic(), pause_s)
        self._board.failed(self._sink.channel, failure.trouble, failure.why, self._not_before)

    def _notice_stuck(self) -> None:
        now = self._clock.monotonic()
        if now - self._began > STUCK_S and not self._told_stuck:
            self._told_stuck = True
            self._board.failed(self._sink.channel, Trouble.TIMEOUT, "a delivery hangs", now)


def undelivered(error: ProbeFailed) -> DeliveryFailed:
    """A call that had no answer, in words of our own: hosts and URLs of sinks are secrets."""
    if error.reason is FailureReason.TIMEOUT:
        return DeliveryFailed(Trouble.TIMEOUT, "no answer in time")
    if error.reason is FailureReason.CONTENT:
        return DeliveryFailed(Trouble.CONTENT, "not an answer of this service")
    return DeliveryFailed(Trouble.NETWORK, f"cannot be reached ({error.reason})")
