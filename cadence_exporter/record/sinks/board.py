"""How the sinks fare, in one place: written by their lanes, read by scrapes, by the log and by the status page."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cadence_exporter.model.delivery import SinkName, SinkState, Trouble
from cadence_exporter.model.instants import Instant, WallTime
from cadence_exporter.record.sinks.outbox import Outbox
from cadence_exporter.seams import Clock


@dataclass(slots=True)
class _Line:
    """One channel."""

    sink: SinkName
    trouble: Trouble | None = None
    why: str = ""
    tried: bool = False
    retry_at: Instant | None = None
    news: int = 0


@dataclass(slots=True)
class _Sums:
    """One sink; they go on over a reload."""

    delivered: int = 0
    failures: Counter[Trouble] = field(default_factory=Counter)
    last_success: WallTime | None = None
    took_s: float | None = None


class SinkBoard:
    """Safe from any thread."""

    def __init__(self, clock: Clock, outbox: Outbox) -> None:
        self._clock = clock
        self._outbox = outbox
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}
        self._sums = {sink: _Sums() for sink in SinkName}

    def open(self, channels: Mapping[str, SinkName]) -> None:
        """These are in use from now on, and nothing is known of them yet."""
        with self._lock:
            self._lines = {channel: _Line(sink) for channel, sink in channels.items()}

    def delivered(self, channel: str, items: int | None, took_s: float) -> None:
        """It worked; ``items`` happenings went out with it. ``None``: nothing was sent, but nothing is in the way."""
        with self._lock:
            line = self._lines.get(channel)
            if line is None:
                return
            line.trouble, line.why, line.tried, line.retry_at = None, "", True, None
            if items is None:
                return
            line.news += 1
            sums = self._sums[line.sink]
            sums.delivered += items
            sums.last_success, sums.took_s = self._clock.wall(), took_s

    def failed(self, channel: str, trouble: Trouble, why: str, retry_at: Instant) -> None:
        """It did not; ``why`` is for people."""
        with self._lock:
            line = self._lines.get(channel)
            if line is None:
                return
            line.trouble, line.why, line.tried, line.retry_at = trouble, why, True, retry_at
            line.news += 1
            self._sums[line.sink].failures[trouble] += 1

    def states(self) -> tuple[SinkState, ...]:
        """Each sink that is switched on. A sink with several channels is as well as its sickest."""
        with self._lock:
            return tuple(self._state(sink) for sink in SinkName if self._of(sink))

    def news(self, sink: SinkName) -> bool:
        """Whether something was tried since this was asked last."""
        with self._lock:
            lines = self._of(sink).values()
            fresh = any(line.news for line in lines)
            for line in lines:
                line.news = 0
            return fresh

    def _of(self, sink: SinkName) -> dict[str, _Line]:
        return {channel: line for channel, line in self._lines.items() if line.sink is sink}

    def _state(self, sink: SinkName) -> SinkState:
        lines, sums = self._of(sink), self._sums[sink]
        sick = [line for line in lines.values() if line.trouble is not None]
        tried = any(line.tried for line in lines.values())
        waits = [line.retry_at - self._clock.monotonic() for line in sick if line.retry_at is not None]
        return SinkState(
            sink=sink,
            up=not sick if tried else None,
            why=sick[0].why if sick else "",
            trouble=sick[0].trouble if sick else None,
            backlog=max(len(self._outbox.waiting(channel)) for channel in lines),
            delivered=sums.delivered,
            dropped=sum(self._outbox.dropped(channel) for channel in lines),
            failures=MappingProxyType(dict(sums.failures)),
            last_success=sums.last_success,
            took_s=sums.took_s,
            retry_in_s=max(0.0, *waits) if waits else None,
        )
