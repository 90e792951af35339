"""What the status page, ``/api/v1/status`` and the health checks know: the last cycle and a few recent events."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cadence_exporter import __version__
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.decision import OutageEnded
from cadence_exporter.model.delivery import SinkState
from cadence_exporter.model.hearing import Hearing
from cadence_exporter.model.instants import Instant, WallTime, later
from cadence_exporter.model.record import RecordSpec
from cadence_exporter.model.recovery import SWITCHED_OFF, RecoveryPolicy
from cadence_exporter.record.state.chronicle import OutageHeld
from cadence_exporter.record.state.history import HistoryView
from cadence_exporter.record.web.calendar_time import iso
from cadence_exporter.record.web.describe import describe
from cadence_exporter.record.web.describe_power import describe_power
from cadence_exporter.record.web.events import Event, events, remembered
from cadence_exporter.record.web.past import Past, Shown
from cadence_exporter.seams import Clock

START_ALLOWANCE_S = 120.0
"""How long the first cycle may take at least before a supervisor should worry."""
CALLS_A_RECORD = 5
"""At most, one after the other, each until its timeout: one resolver, the others, the provider read, written, read back."""
MOMENT_S = 0.25
"""What a call may be over its timeout."""
MARGIN_S = 60.0
"""For the rest of a cycle: the power switch is asked for 20 s, at most twice, and the disk may be slow."""
EVENTS_KEPT = 50


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """What the settings say that the board shows or needs; replaced as a whole on reload."""

    site: str
    records: tuple[RecordSpec, ...]
    probe_timeout_s: float
    recovery: RecoveryPolicy = SWITCHED_OFF
    call_budget: Mapping[str, int] = field(default_factory=dict)
    """Calls an hour, by service."""
    cache_max_age_s: float | None = None


class StatusBoard:
    """Implements ``seams.Recorder``. Written by the loop, read by the web server's threads."""

    name = "status"

    def __init__(
        self,
        clock: Clock,
        settings: BoardSettings,
        last_outage: OutageHeld | None = None,
        calls_last_hour: Callable[[], Mapping[str, int]] | None = None,
    ) -> None:
        """``calls_last_hour`` is safe from any thread; without it the document says null."""
        self.settings = settings
        self.hearings: Callable[[], Iterable[Hearing]] = tuple
        """What the listeners do; nobody listens yet. Asked from any thread."""
        self.sinks: Callable[[], Iterable[SinkState]] = tuple
        """How the sinks fare; none is switched on yet. Asked from any thread."""
        self.last_request: Callable[[], Mapping[str, Any] | None] = lambda: None
        """What a person asked for last, and what came of it. Asked from any thread."""
        self.past = Past(lambda _: HistoryView(), clock)
        """What the state store remembers; nothing as long as nobody says where it is."""
        self._calls_last_hour = calls_last_hour
        self._clock = clock
        self._started = clock.monotonic()
        self._lock = threading.Lock()
        self._cycle: Cycle | None = None
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._last_refused: frozenset[str] = frozenset()
        self._last_outage = last_outage

    def go_on_from(self, past: Past) -> None:
        """Show the history that ``past`` reads; its newest events stand before those of this process."""
        self.past = past
        told = remembered(past.shown(None).view)[-EVENTS_KEPT:]
        with self._lock:
            self._events = deque([*told, *self._events], maxlen=EVENTS_KEPT)

    def record(self, cycle: Cycle) -> None:
        """Take over what one cycle brought."""
        fresh = list(events(cycle))
        refused = frozenset(event.text for event in fresh if event.kind == "refused")
        with self._lock:
            for event in fresh:
                if event.kind != "refused" or event.text not in self._last_refused:
                    self._append(event)
            self._last_refused = refused
            if cycle.decision.outage_ended is not None:
                self._last_outage = _past(cycle.decision.outage_ended)
            self._cycle = cycle

    @property
    def ready(self) -> bool:
        """Whether a whole cycle has been completed since the start."""
        return self._cycle is not None

    @property
    def last_cycle(self) -> Cycle | None:
        """The newest whole cycle."""
        return self._cycle

    def health(self) -> tuple[bool, str]:
        """Whether the loop is alive, and a sentence. Knows nothing of WAN or DNS: an outage is not our illness."""
        now, cycle = self._clock.monotonic(), self._cycle
        if cycle is None:
            waited = now - self._started
            healthy = waited <= self.first_cycle_may_take_s
            return healthy, f"{'starting' if healthy else 'stuck'}: no cycle yet after {waited:.0f} s"
        healthy = now <= self.stuck_at(cycle)
        age = now - cycle.ended.instant
        return healthy, f"{'ok' if healthy else 'stuck'}: the last cycle ended {age:.0f} s ago"

    def history(self) -> HistoryView:
        """What the store remembers, as of now. Raises StateUnavailable."""
        return self.past.view(self._cycle, alive=self.health()[0])

    def shown(self) -> Shown:
        """The same for the page. Never raises."""
        return self.past.shown(self._cycle, alive=self.health()[0])

    def now(self) -> WallTime:
        """The time on this machine's wall clock."""
        return self._clock.wall()

    def as_dict(self) -> Mapping[str, Any]:
        """The document of ``/api/v1/status``; described in ``describe``."""
        with self._lock:
            cycle, told, outage = self._cycle, tuple(self._events), self._last_outage
        calls = self._calls_last_hour() if self._calls_last_hour else None
        healthy, why = self.health()
        return {
            "version": __version__,
            "site": self.settings.site,
            "health": {"healthy": healthy, "why": why},
            **describe(cycle, self.settings.records, self._clock.now()),
            "cache_max_age_seconds": self.settings.cache_max_age_s,
            "api_calls_last_hour": None if calls is None else dict(calls),
            "api_budget": _budget(calls or {}, self.settings.call_budget),
            "listeners": [_listener(each) for each in self.hearings()],
            "sinks": [_sink(each) for each in self.sinks()],
            "power": {
                **describe_power(cycle, self.settings.recovery, self._clock.now()),
                "last_request": self.last_request(),
            },
            "outage": _outages(cycle, outage, self._clock.monotonic()),
            "events": [_event(event) for event in reversed(told)],
        }

    def stuck_at(self, cycle: Cycle) -> Instant:
        """Until when the cycle after ``cycle`` must have been completed by a loop that is alive. Safe from any thread."""
        return later(cycle.decision.next_look, self._cycle_may_take_s)

    @property
    def first_cycle_may_take_s(self) -> float:
        """Until it is complete nobody shall take the loop for a stuck one."""
        return max(START_ALLOWANCE_S, self._cycle_may_take_s)

    @property
    def _cycle_may_take_s(self) -> float:
        """Everything in it times out, record by record. A provider that hangs is no reason to kill who waits for it."""
        timeout_s = self.settings.probe_timeout_s
        return timeout_s + len(self.settings.records) * CALLS_A_RECORD * (timeout_s + MOMENT_S) + MARGIN_S

    def _append(self, event: Event) -> None:
        """A repetition of the newest event is counted instead of pushing older ones out."""
        newest = self._events[-1] if self._events else None
        if newest is not None and (newest.kind, newest.text) == (event.kind, event.text):
            self._events[-1] = replace(event, times=newest.times + 1)
        else:
            self._events.append(event)


def _past(ended: OutageEnded) -> OutageHeld:
    return OutageHeld(ended.began.wall, ended.ended.wall, ended.seconds, ended.where)


def _event(event: Event) -> dict[str, Any]:
    return {"at": iso(event.at), "kind": event.kind, "text": event.text, "times": event.times}


def _budget(calls: Mapping[str, int], limits: Mapping[str, int]) -> dict[str, Any]:
    services = sorted({*calls, *limits})
    return {service: {"calls": calls.get(service, 0), "limit": limits.get(service)} for service in services}


def _listener(hearing: Hearing) -> dict[str, Any]:
    why = None if hearing.up else hearing.why or None
    return {"name": str(hearing.name), "up": hearing.up, "why": why, "rings": hearing.rings}


def _sink(state: SinkState) -> dict[str, Any]:
    return {
        "name": str(state.sink),
        "up": state.up,
        "why": state.why or None,
        "reason": state.trouble and str(state.trouble),
        "waiting": state.backlog,
        "delivered": state.delivered,
        "dropped": state.dropped,
        "last_success": iso(state.last_success),
        "retry_in_seconds": state.retry_in_s and round(state.retry_in_s, 1),
    }


def _outages(cycle: Cycle | None, last: OutageHeld | None, now: Instant) -> dict[str, Any]:
    current = cycle.memory.outage if cycle is not None else None
    return {
        "current": current
        and {
            "began": iso(current.began.wall),
            "layer": current.where,
            "seconds": round(now - current.began.instant, 1),
        },
        "last": last
        and {
            "began": iso(last.began),
            "ended": iso(last.ended),
            "layer": last.layer,
            "seconds": round(last.seconds, 1),
        },
    }
