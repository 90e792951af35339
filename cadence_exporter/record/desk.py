"""Where people's requests wait for the loop, and where they hear what came of them: what happened, or which guardrail refused."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import WallTime
from cadence_exporter.model.recovery import Ask, Bounce, EnsureOn, PowerOutcome, PowerResult, Request
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.record.web.calendar_time import iso, span
from cadence_exporter.seams import Clock

MOST_WAITING = 8
"""Nobody has more to ask for at once; a script that runs wild is turned away."""
DONE, REFUSED, FAILED = 200, 409, 502


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a request. ``code`` is the HTTP status that it is told with."""

    code: int
    text: str
    at: WallTime


@dataclass(eq=False, slots=True)
class Ticket:
    """One request on its way."""

    request: Request
    _done: threading.Event = field(default_factory=threading.Event)
    reply: Reply | None = None

    def wait(self, seconds: float) -> Reply | None:
        """What came of it; ``None``: nothing yet."""
        self._done.wait(seconds)
        return self.reply

    def answer(self, reply: Reply) -> None:
        """It is done, one way or the other."""
        self.reply = reply
        self._done.set()


class Desk:
    """Implements ``seams.Recorder``, so that an answer is given when it is on disk. Safe from any thread."""

    name = "desk"

    def __init__(self, ring: Callable[[Reason], None], clock: Clock) -> None:
        self._ring = ring
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: list[Ticket] = []
        self._taken: tuple[Ticket, ...] = ()
        self._last: tuple[Request, Reply] | None = None

    def ask(self, request: Request) -> Ticket | None:
        """Hand a request in. ``None``: too many wait already."""
        ticket = Ticket(replace(request, asked=self._clock.now()))
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                return None
            self._waiting.append(ticket)
        self._ring(Reason.REQUEST)
        return ticket

    def take(self) -> Sequence[Request]:
        """What came in since the last time. Called by the loop when a cycle begins.

        Who was handed over before and has no answer yet, for that cycle came to nothing, is answered with the next one.
        """
        if not self._waiting:
            return ()
        with self._lock:
            fresh, self._waiting = tuple(self._waiting), []
        self._taken = (*self._taken, *fresh)
        return tuple(ticket.request for ticket in fresh)

    def bounce_taken(self) -> bool:
        """Whether the cycle under way has to do with a bounce that a person wants."""
        return any(ticket.request.ask is Ask.BOUNCE for ticket in self._taken)

    def record(self, cycle: Cycle) -> None:
        """Answer everybody whose request this cycle took."""
        for ticket in self._taken:
            reply = _reply(ticket.request, cycle)
            self._last = (ticket.request, reply)
            ticket.answer(reply)
        self._taken = ()

    def last(self) -> dict[str, Any] | None:
        """The newest request and what came of it, for the status document."""
        if self._last is None:
            return None
        request, reply = self._last
        return {"ask": str(request.ask), "at": iso(reply.at), "done": reply.code == DONE, "answer": reply.text}


def _reply(request: Request, cycle: Cycle) -> Reply:
    at = cycle.ended.wall
    until = cycle.memory.recovery.maintenance_until
    match request.ask:
        case Ask.MAINTENANCE_ON if until is not None:
            left = span(until.instant - cycle.ended.instant)
            return Reply(DONE, f"maintenance for {left}, until {iso(until.wall)}: nothing is changed meanwhile", at)
        case Ask.MAINTENANCE_ON | Ask.MAINTENANCE_OFF:
            return Reply(DONE, "maintenance is off", at)
    done = cycle.power
    if done is not None and isinstance(done.action, Bounce):
        return _of_bounce(done, done.action)
    if request.has_lapsed(cycle.began):
        return Reply(REFUSED, "refused: it was asked too long ago; ask again if it is still wanted", at)
    if isinstance(cycle.decision.power, EnsureOn):
        return Reply(REFUSED, "refused: an earlier bounce is being ended; ask again when the power is on", at)
    why = "; ".join(f"{each.reason}: {each.detail}" for each in cycle.decision.withheld)
    return Reply(REFUSED, f"refused by {why}" if why else "refused, and no guardrail says why: a bug", at)


def _of_bounce(done: PowerOutcome, bounce: Bounce) -> Reply:
    match done.result:
        case PowerResult.SUCCESS:
            return Reply(DONE, f"the power is off for {bounce.off_for_s:g} s; {done.detail}", done.at.wall)
        case PowerResult.REHEARSED:
            return Reply(DONE, "rehearsed: nothing was switched, for recovery.device.type is rehearsal", done.at.wall)
        case PowerResult.REFUSED:
            return Reply(REFUSED, f"refused by {done.detail}", done.at.wall)
    return Reply(FAILED, f"{done.result}: {done.detail}", done.at.wall)
