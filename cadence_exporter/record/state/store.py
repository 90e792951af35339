"""The state store: SQLite in the state directory. What it acknowledged survives a kill and a power cut at any moment.

Memory is the truth while the process runs. Each commit writes, in one transaction, the rows that differ from what is on disk, so a
commit that failed is made up for by the next one, whatever was in the way: a full disk, a read-only one, a file that was removed.
"""

import contextlib
import sqlite3
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from cadence_exporter.errors import StateUnavailable
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.recovery import Bounce, RecoveryMemory
from cadence_exporter.record.faults import CountedFaults
from cadence_exporter.record.log.journal import Fact, Level
from cadence_exporter.record.metrics.tally import CounterKey, counts
from cadence_exporter.record.sinks.outbox import Address, Outbox
from cadence_exporter.record.state import chronicle, outbox_rows
from cadence_exporter.record.state.chronicle import Chronicler, Statement
from cadence_exporter.record.state.good_copy import GoodCopy
from cadence_exporter.record.state.image import (
    Image,
    Running,
    counter_rows,
    counters_of,
    memory_of,
    memory_rows,
    read_image,
    running_rows,
    sealed,
    write_changes,
)
from cadence_exporter.record.state.ledger_rows import LEDGER_ROWS, doubted, joined, ledger_of, ledger_rows
from cadence_exporter.record.state.lock import DirectoryLock, InUse
from cadence_exporter.record.state.marks import Marks, read_marks
from cadence_exporter.record.state.schema import Damaged, NewerSchema
from cadence_exporter.record.state.state_clock import StateClock
from cadence_exporter.record.state.state_file import StateFile, open_for_reading
from cadence_exporter.record.state.watched import Watch
from cadence_exporter.seams import Clock

DIRECTORY_MODE = 0o711
"""Others may pass through to a file they can name (dnsmasq to ``hosts``), not look around; the database itself is 0600."""
CYCLE_SLACK_S = 15.0
"""A cycle's own length, added to the wait before it: until then the seconds in the state may be shown before they are on disk."""
MAX_UNWRITTEN = 2000
"""History rows kept in memory while the disk refuses; the oldest go first. Counters are sums and lose nothing."""


class SqliteStore:
    """Implements ``seams.StateStore``. One thread at a time, except ``state_seconds``."""

    def __init__(self, state_dir: Path, clock: Clock, faults: CountedFaults, outbox: Outbox | None = None) -> None:
        """``outbox``: what waits for the sinks is kept with everything else, in the commit of the cycle in which it happened."""
        self._dir = state_dir
        self._clock = clock
        self._faults = faults
        self._lock = DirectoryLock(state_dir)
        self._file = StateFile(state_dir, faults.journal)
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._hands_off: StateUnavailable | None = None
        self._on_disk: Image = {}
        self._outbox = outbox or Outbox()
        self._outbox.forget = self._forget
        self._rows_on_disk: Image = {}
        self._loaded = False
        self._counters: dict[CounterKey, float] = {}
        self._faults_seen: dict[CounterKey, float] = {}
        self._seconds = StateClock(clock, Phase.INIT, CYCLE_SLACK_S)
        self._chronicler = Chronicler()
        self._watch = Watch()
        self._unwritten: deque[Statement] = deque(maxlen=MAX_UNWRITTEN)
        self._memory: Memory | None = None
        self._found_late: RecoveryMemory | None = None
        self._running = Running(Phase.INIT, CYCLE_SLACK_S, clean=False)
        self._copy = GoodCopy(self._file, clock, faults.journal)
        self.up = False
        """Whether the last commit is on disk."""
        self.marks = Marks()
        """What happened before this process."""

    def acquire(self) -> None:
        """Make the directory and take its lock. Raises InUse, or StateUnavailable when the directory cannot be used."""
        try:
            self._dir.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
            self._lock.acquire()
        except OSError as error:
            raise StateUnavailable(f"{self._dir}: {error.strerror or error}") from error

    def load(self, now: Now) -> Memory:
        """See the seam; called once. What stands in the way is logged, and memory alone serves until it is gone."""
        memory = Memory(Phase.INIT, now)
        try:
            self.acquire()
            connection = self._opened()
            memory = self._take_in(connection, now)
            memory = doubted(memory, now, lost=self._file.lost, restored=self._file.restored)
            self._loaded = True
            self._copy.renew(connection, self._rows_on_disk)
            self._memory = memory
            self._write()
        except StateUnavailable as error:
            memory = self._loaded_despite(error, memory, now)
        self._memory = replace(memory, on_disk=self.up)
        return self._memory

    def counters(self) -> Mapping[CounterKey, float]:
        """The sums as of the last commit, except the seconds per state."""
        return MappingProxyType(dict(self._counters))

    def state_seconds(self) -> Mapping[Phase, float]:
        """Seconds spent in each state, right now. Safe from any thread."""
        return self._seconds.seconds()

    def commit(self, cycle: Cycle) -> None:
        """See the seam."""
        for key, amount in counts(cycle):
            self._counters[key] = self._counters.get(key, 0.0) + amount
        self._unwritten.extend(self._chronicler.rows(cycle))
        self._watch.take(cycle)
        self._outbox.take(cycle)
        self._memory = joined(cycle.memory, self._found_late)
        wait_s = max(0.0, cycle.decision.next_look - cycle.ended.instant)
        self._running = Running(cycle.memory.phase, wait_s + CYCLE_SLACK_S, clean=False)
        self._write()
        cut = cycle.power is not None and isinstance(cycle.power.action, Bounce)
        if (self._copy.is_due(self._rows_on_disk) or cut) and self._connection is not None:
            self._copy.renew(self._connection, self._rows_on_disk)

    def commit_intent(self, memory: Memory) -> None:
        """See the seam. Only the records and the ledger of the power.

        An outage that is over, say, is so on disk together with its history and counters.
        """
        self._write(intent=memory)

    def recalled(self) -> RecoveryMemory | None:
        """The ledger of the power on a disk that could not be read at the start and could later; handed over once."""
        found, self._found_late = self._found_late, None
        return found

    def close(self, now: Now) -> None:
        """A clean stop: exact seconds, a fresh copy, the lock given back. Never raises."""
        self._watch.until(now.wall)
        self._running = Running(self._running.phase, 0.0, clean=True)
        try:
            self._write()
        except StateUnavailable as error:
            self._faults.caught("commit", error)
        if self._connection is not None:
            self._copy.renew(self._connection, self._rows_on_disk)
            self._disconnect()
        self._lock.release()

    def _take_in(self, connection: sqlite3.Connection, now: Now) -> Memory:
        """Memory, counters, marks and calls from the disk."""
        try:
            image = self._on_disk
            stored, seconds = counters_of(image)
            for key, value in stored.items():
                self._counters[key] = self._counters.get(key, 0.0) + value
            shown = self._seconds.seconds() if self._memory is not None else {}
            self._seconds.restore({phase: seconds.get(phase, 0.0) + shown.get(phase, 0.0) for phase in Phase})
            self.marks = read_marks(connection, now)
            self._outbox.restore(outbox_rows.letters_of(self._rows_on_disk))
            self._watch.restore(image)
            for held in chronicle.addresses(connection):
                self._chronicler.newest[held.family] = (str(held.address), held.last)
            ledger = ledger_of(image, now, self._clock)
            return replace(memory_of(image, now), calls=self.marks.recent_calls, recovery=ledger)
        except (sqlite3.Error, Damaged, ValueError, TypeError, KeyError) as error:
            raise StateUnavailable(f"{self._dir}: {error}") from error

    def _loaded_despite(self, error: StateUnavailable, memory: Memory, now: Now) -> Memory:
        """The store cannot be written: say so, and read what can be read."""
        if isinstance(error, NewerSchema | InUse):
            self._hands_off = error
        extras = {"directory": str(self._dir), "why": str(error)}
        self._faults.journal.event(Fact("STORE", "MEMORY", "nothing survives a restart", "", extras, Level.ERROR, "🔴"))
        if self._loaded:
            return memory
        memory = doubted(memory, now, lost=True)
        if self._hands_off is not None:
            return memory
        with contextlib.suppress(StateUnavailable, Damaged, sqlite3.Error):
            with contextlib.closing(open_for_reading(self._dir)) as connection:
                self._on_disk, self._rows_on_disk = read_image(connection), outbox_rows.read_rows(connection)
                memory = self._take_in(connection, now)
            self._loaded = True
        return memory

    def _opened(self) -> sqlite3.Connection:
        """The connection, made anew when there is none or the file was replaced. Raises StateUnavailable."""
        if self._hands_off is not None:
            raise StateUnavailable(str(self._hands_off))
        if self._connection is not None and not self._file.is_still(self._inode):
            self._disconnect()
        if self._connection is not None:
            return self._connection
        try:
            self.acquire()
            self._connection = self._file.open()
            self._inode = self._file.path.stat().st_ino
            self._on_disk, self._rows_on_disk = read_image(self._connection), outbox_rows.read_rows(self._connection)
        except (sqlite3.Error, OSError, Damaged) as error:
            self._disconnect()
            raise StateUnavailable(f"{self._dir}: {error}") from error
        return self._connection

    def _write(self, *, intent: Memory | None = None) -> None:
        """Make the disk hold what memory holds, or only the records of an intent. Raises StateUnavailable."""
        if intent is None:
            self._absorb_faults()
        self.up = False
        try:
            connection = self._opened()
            if not self._loaded:  # the first time that the disk lets us
                found = self._found_late = self._take_in(connection, self._clock.now()).recovery
                self._loaded = True
                self._memory, intent = joined(self._memory, found), joined(intent, found)
            if intent is None:
                self._transact(connection, self._image(), outbox_rows.rows_of(self._outbox, self._rows_on_disk))
            else:
                self._transact(connection, self._intended(intent), self._rows_on_disk)
            self.up = True
        except sqlite3.Error as error:
            self._give_up(error)
            raise StateUnavailable(f"{self._file.path}: {error}") from error
        finally:
            if intent is None:
                self._hold()
                self._seconds.release()

    def _image(self) -> Image:
        """What should be on disk."""
        rows = memory_rows(self._memory) | ledger_rows(self._memory.recovery, self._clock) if self._memory else {}
        rows |= self._watch.rows() | running_rows(self._running)
        return sealed(rows | counter_rows(self._counters, self._hold()))

    def _intended(self, memory: Memory) -> Image:
        """What is on disk, with the records and the ledger of ``memory``."""
        kept = {key: row for key, row in self._on_disk.items() if key[0] != "record_state" and key not in LEDGER_ROWS}
        records = {key: row for key, row in memory_rows(memory).items() if key[0] == "record_state"}
        return sealed(kept | records | ledger_rows(memory.recovery, self._clock))

    def _transact(self, connection: sqlite3.Connection, image: Image, rows: Image) -> None:
        connection.execute("BEGIN IMMEDIATE")
        write_changes(connection, self._on_disk, image)
        write_changes(connection, self._rows_on_disk, rows)
        for sql, values in self._unwritten:
            connection.execute(sql, values)
        if self._unwritten:
            for sql, values in chronicle.pruning():
                connection.execute(sql, values)
        connection.execute("COMMIT")
        self._on_disk, self._rows_on_disk = image, rows
        self._unwritten.clear()

    def _give_up(self, error: sqlite3.Error) -> None:
        """After a failed transaction: roll back, and open the file again next time unless it is merely full."""
        with contextlib.suppress(sqlite3.Error):
            if self._connection is not None and self._connection.in_transaction:
                self._connection.rollback()
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY):
            self._disconnect()

    def _hold(self) -> Mapping[Phase, float]:
        return self._seconds.hold(self._running.phase, self._running.allowance_s)

    def _absorb_faults(self) -> None:
        """Exceptions and log messages happen outside of cycles: what is new of them joins the counters."""
        for key, total in self._faults.counts().items():
            self._counters[key] = self._counters.get(key, 0.0) + total - self._faults_seen.get(key, 0.0)
            self._faults_seen[key] = total

    def _forget(self, addresses: Collection[Address]) -> None:
        """Called by lanes. A file that is another instance's, or another version's, is not written to."""
        if self._hands_off is None:
            outbox_rows.forget(self._file.path, addresses)

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
