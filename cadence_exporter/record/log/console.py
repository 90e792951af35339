"""The log on standard output: one line per fact. An output that fails (closed pipe, full disk, odd locale) never stops the loop."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.log.journal import Fact, Level
from cadence_exporter.record.log.journald import marked
from cadence_exporter.record.log.layout import Format, render
from cadence_exporter.record.log.lines import facts
from cadence_exporter.record.log.spool import Spool
from cadence_exporter.record.metrics.tally import CounterKey
from cadence_exporter.seams import Clock


@dataclass(frozen=True, slots=True)
class Style:
    """What the settings say about the log."""

    format: Format = Format.CONSOLE
    level: Level = Level.INFO
    site: str = ""
    """On each line of the machine-readable formats."""
    cache_max_age_s: float | None = None
    """Shown beside the age of the cache, in seconds."""
    to_journal: bool = False
    """Systemd's journal reads it, which dates each line itself and wants its level."""


class Stream(Protocol):
    """As much of a text stream as is used here."""

    @property
    def encoding(self) -> str | None:
        """What the text is turned into."""
        ...

    def write(self, text: str, /) -> int:
        """Take text. May raise OSError or ValueError."""
        ...

    def flush(self) -> None:
        """Send it on. May raise OSError or ValueError."""
        ...


class Console:
    """Implements ``seams.Recorder`` and ``journal.Journal``. Safe from any thread."""

    name = "console"

    def __init__(self, stream: Stream, clock: Clock, style: Style) -> None:
        self._stream = stream
        self._clock = clock
        self._style = style
        self._cycle_id = ""
        self._lock = threading.Lock()
        self._written = dict.fromkeys(Level, 0)
        self._dropped = 0
        self.asides: Callable[[], Iterable[Fact]] = tuple
        """What is said in each cycle beside what the cycle says of itself, before its last line."""

    def restyle(self, style: Style) -> None:
        """Use other settings from now on (after a reload)."""
        with self._lock:
            self._style = style

    def during(self, cycle_id: str) -> None:
        """From now on events carry this id: what goes wrong in a cycle is found with the rest of it. Empty: the cycle is over."""
        self._cycle_id = cycle_id

    def record(self, cycle: Cycle) -> None:
        """Write the lines of one cycle."""
        style = self._style
        *told, closing = facts(cycle, cache_max_age_s=style.cache_max_age_s)
        for fact in (*told, *self.asides(), closing):
            self._write(fact, style, cycle.ended.wall, cycle.id)

    def event(self, fact: Fact) -> None:
        """Write one line outside of what a cycle says of itself."""
        self._write(fact, self._style, self._clock.wall(), self._cycle_id)

    def counts(self) -> Mapping[CounterKey, float]:
        """Lines since the process began, by level, and those of them that could not be written."""
        with self._lock:
            dropped = self._dropped + (self._stream.dropped if isinstance(self._stream, Spool) else 0)
            lines: dict[CounterKey, float] = {
                ("cadence_log_messages_total", level.label): float(count) for level, count in self._written.items()
            }
        return {**lines, ("cadence_log_messages_dropped_total",): float(dropped)}

    def _write(self, fact: Fact, style: Style, now: WallTime, cycle_id: str) -> None:
        if fact.level < style.level:
            return
        at = fact.at if fact.at is not None else now
        common = {"site": style.site, "cycle_id": cycle_id}
        line = render(fact, at, style.format, common, timed=not style.to_journal) + "\n"
        if style.to_journal:
            line = marked(line, fact.level)
        with self._lock:
            self._written[fact.level] += 1
            self._put(line)

    def _put(self, line: str) -> None:
        try:
            self._stream.write(_fitting(line, self._stream.encoding))
            self._stream.flush()
        except (OSError, ValueError):
            self._dropped += 1  # a closed pipe, a full disk, a closed stream: nowhere left to say so


def _fitting(line: str, encoding: str | None) -> str:
    """``line`` with what the stream's encoding cannot hold (an emoji in the C locale) replaced by ``?``."""
    try:
        line.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return line.encode(encoding or "utf-8", "replace").decode(encoding or "utf-8")
    return line
