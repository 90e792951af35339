"""When the way to the WAN targets is traced: at once when it fails, again every two minutes of an outage, and twice a day while it works.

A trace has a lane of its own and keeps no cycle waiting: what is not there in time is part of the next observation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import Instant, Now, later
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.observation import Answered, PathWorks, Reading
from cadence_exporter.model.trace import Trace, UsualPath
from cadence_exporter.observe.probe_lanes import Pending, ProbeLanes
from cadence_exporter.observe.tracer import TRACE_S, Tracer, first_traceable
from cadence_exporter.seams import Clock
from cadence_exporter.settings.endpoints import Target

PATIENCE_S = 2.0
"""Targets that have not answered by then are taken to fail, and the trace begins: it is there before their timeout."""
AGAIN_S = 120.0
"""Between two traces of an outage: ten packets a minute, while the break may move as the line comes back."""
SOON_S = 25.0
"""Between two traces when the path worked meanwhile: a line that comes and goes is traced about each time it is found gone."""
USUAL_FOR_S = 12 * 3600.0
"""How long a trace of the working path is good for."""
USUAL_AGAIN_S = 3600.0
"""Between two attempts to learn the usual path, where it cannot be learnt."""
_LANE = "trace"


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the last trace said, and when it was there."""

    reading: Reading[Trace]
    at: Instant


class PathWatch:
    """Used by the deciding thread."""

    def __init__(self, targets: Sequence[Target], lanes: ProbeLanes, clock: Clock) -> None:
        self._lanes = lanes
        self._clock = clock
        target = first_traceable(targets)
        self._tracer = None if target is None else Tracer(*target, clock)
        self._pending: Pending[Trace] | None = None
        self._of_working = False
        self._began: Instant | None = None
        """When the last trace of a failing path was started."""
        self._worked_since = True
        """Whether the path worked since then."""
        self._usual_tried: Instant | None = None
        self._shown: _Shown | None = None

    def follow(
        self, wan: Sequence[Pending[PathWorks]], gateway: IpAddress | None, memory: Memory, now: Now, deadline: Instant
    ) -> tuple[tuple[Reading[PathWorks], ...], Reading[Trace] | None]:
        """The readings of the targets by ``deadline``, and the trace that belongs to what they say."""
        patience = Instant(min(deadline, later(self._clock.monotonic(), PATIENCE_S)))
        fails = bool(wan) and not any(isinstance(pending.reading(patience), Answered) for pending in wan)
        usual = memory.usual_path if memory.usual_path is not None and memory.usual_path.gateway == gateway else None
        if fails and self._again(self._began, SOON_S if self._worked_since else AGAIN_S):
            self._start(works=False, gateway=gateway, usual=usual)
        readings = tuple(pending.reading(deadline) for pending in wan)
        works = any(isinstance(reading, Answered) for reading in readings)
        shown = self._newest(works, deadline)
        if works and self._wants_usual(usual, now):
            self._usual_tried = self._clock.monotonic()
            self._start(works=True)
        return readings, shown

    def _again(self, before: Instant | None, after_s: float) -> bool:
        idle = self._tracer is not None and (self._pending is None or self._pending.done)
        return idle and (before is None or self._clock.monotonic() - before >= after_s)

    def _wants_usual(self, usual: UsualPath | None, now: Now) -> bool:
        known = usual is not None and usual.method is not None and 0.0 <= now.wall - usual.at < USUAL_FOR_S
        return not known and self._again(self._usual_tried, USUAL_AGAIN_S)

    def _start(self, *, works: bool, gateway: IpAddress | None = None, usual: UsualPath | None = None) -> None:
        if self._tracer is None:
            return
        self._tracer.router = gateway
        if usual is not None:
            self._tracer.remember(usual)
        ask: Callable[[], Trace] = self._tracer.of_working_path if works else self._tracer.of_broken_path
        self._pending = self._lanes.start(_LANE, _LANE, ask)
        self._of_working = works
        if not works:
            self._shown = None if self._worked_since else self._shown
            self._began, self._worked_since = self._pending.began, False

    def _newest(self, works: bool, deadline: Instant) -> Reading[Trace] | None:
        """A trace of the other state of the path says nothing any more."""
        pending = self._pending
        if works or self._of_working:
            self._shown = None
        if works:
            self._worked_since = True
        elif pending is not None and not self._of_working:
            pending.reading(Instant(min(deadline, later(self._clock.monotonic(), TRACE_S))))
        if pending is None or not pending.done:
            return self._aged(is_news=False)
        self._pending = None
        if works == self._of_working:
            reading = pending.reading(self._clock.monotonic())
            self._shown = _Shown(reading, later(pending.began, reading.took_s))
            return self._aged(is_news=True)
        return self._aged(is_news=False)

    def _aged(self, *, is_news: bool) -> Reading[Trace] | None:
        if self._shown is None or not isinstance(self._shown.reading, Answered):
            return self._shown.reading if self._shown else None
        age_s = max(0.0, self._clock.monotonic() - self._shown.at)
        return replace(self._shown.reading, value=replace(self._shown.reading.value, age_s=age_s, is_news=is_news))
