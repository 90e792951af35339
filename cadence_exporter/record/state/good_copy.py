"""When the good copy of the store is renewed: what a broken file may cost is what happened since."""

import sqlite3
from collections.abc import Collection

from cadence_exporter.record.log.journal import Fact, Journal, Level
from cadence_exporter.record.state.schema import Damaged
from cadence_exporter.record.state.state_file import StateFile
from cadence_exporter.seams import Clock

COPY_AFTER_S = 86400.0
COPY_AFTER_COMMITS = 500
"""A day, or a busy day's commits."""

Rows = Collection[tuple[str, ...]]
"""The keys of what waits for the sinks."""


class GoodCopy:
    """Used by the store, under its rules."""

    def __init__(self, file: StateFile, clock: Clock, journal: Journal) -> None:
        self._file = file
        self._clock = clock
        self._journal = journal
        self._commits = 0
        self._at = clock.monotonic()
        self._waiting: frozenset[tuple[str, ...]] = frozenset()

    def is_due(self, waiting: Rows) -> bool:
        """After a commit that left ``waiting`` on disk. A copy in which something still waits that was told since would tell it again."""
        self._commits += 1
        age_s = self._clock.monotonic() - self._at
        return self._commits >= COPY_AFTER_COMMITS or age_s >= COPY_AFTER_S or not self._waiting <= frozenset(waiting)

    def renew(self, connection: sqlite3.Connection, waiting: Rows) -> None:
        """A copy that cannot be made is worth a line, not a failure."""
        self._commits, self._at, self._waiting = 0, self._clock.monotonic(), frozenset(waiting)
        try:
            self._file.keep_copy(connection)
        except (sqlite3.Error, OSError, Damaged) as error:
            extras = {"why": str(error)}
            self._journal.event(Fact("STORE", "NO_COPY", self._file.copy.name, "file", extras, Level.WARNING, "🟠"))
