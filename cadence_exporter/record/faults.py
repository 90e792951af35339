"""Where the named borders put what they caught: counted for the metrics, one line in the log."""

import threading
import traceback
from collections.abc import Mapping

from cadence_exporter.record.log.journal import Fact, Journal, Level
from cadence_exporter.record.metrics.tally import CounterKey

PHASES = ("observe", "assess", "decide", "act", "commit", "record", "reload", "listen")


class CountedFaults:
    """Implements ``seams.Faults``. Safe from any thread."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._lock = threading.Lock()
        self._caught = dict.fromkeys(PHASES, 0)

    def caught(self, where: str, error: Exception) -> None:
        """Count ``error`` under ``where`` and log one line; the traceback is for level debug."""
        phase = where if where in PHASES else "record"
        with self._lock:
            self._caught[phase] += 1
        text = f"{type(error).__name__}: {error}"
        self.journal.event(Fact("FAULT", where.upper(), text, level=Level.ERROR, icon="🔴"))
        for line in "".join(traceback.format_exception(error)).splitlines():
            self.journal.event(Fact("FAULT", "TRACE", line, level=Level.DEBUG, icon="🔎"))

    def counts(self) -> Mapping[CounterKey, float]:
        """Everything counted outside of cycles since the process began: exceptions by phase, log messages by level.

        A turn in which assess or decide broke leaves no ``Cycle`` behind, so it is counted here.
        """
        with self._lock:
            caught: dict[CounterKey, float] = {
                ("cadence_loop_exceptions_total", phase): float(count) for phase, count in self._caught.items()
            }
            broken = float(self._caught["assess"] + self._caught["decide"])
        return {**caught, ("cadence_loop_iterations_total", "error"): broken, **self.journal.counts()}
