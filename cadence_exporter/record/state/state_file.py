"""The store's files: opened, checked, set aside when damaged, and copied so that there is something to go back to."""

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import StateUnavailable
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.record.log.journal import Fact, Journal, Level
from cadence_exporter.record.state import chronicle
from cadence_exporter.record.state.image import counters_of, memory_of, read_image
from cadence_exporter.record.state.ledger_rows import ledger_of
from cadence_exporter.record.state.migration import migrate
from cadence_exporter.record.state.outbox_rows import letters_of, read_rows
from cadence_exporter.record.state.schema import Damaged, check_pages, check_version, create, is_damage
from cadence_exporter.record.state.watched import watched_of

NAME = "state.db"
BUSY_S = 1.0
"""How long a commit waits for a reader that checkpoints; the loop has other things to do."""
KEPT_ASIDE = 5
"""Damaged files kept for a look; a dying disk must not fill itself with them."""

_WAL_LIMIT = 1 << 20
_HEADER_BYTES = 100
_TORN_SECTORS = "psow=0"
"""A power cut may spoil the whole sector that is being written (SQLite: no power-safe overwrite). Each commit is then padded, so that
the next one shares no sector with it."""
_COMPANIONS = ("-wal", "-shm", "-journal")


class StateFile:
    """``state.db`` and its good copy ``state.db.good``. Used by one thread at a time."""

    def __init__(self, directory: Path, journal: Journal) -> None:
        self.directory = directory
        self.path = directory / NAME
        self.copy = directory / f"{NAME}.good"
        self._journal = journal
        self.restored = False
        """The good copy took the place of what was damaged or gone: what was written since it was made is lost."""
        self.lost = False
        """What was damaged had no copy: nobody knows what happened before."""

    def open(self) -> sqlite3.Connection:
        """A checked connection. A damaged file is set aside on the way, and the good copy takes its place.

        Raises StateUnavailable, OSError or sqlite3.Error when the directory or the disk does not let us.
        """
        restored = False
        for _ in range(3):  # the file itself, the copy, a new one
            if not self.path.is_file():
                restored = self._begin()
            try:
                connection = self._checked()
            except Damaged as why:
                if restored:
                    self._set_aside(self.copy, why)
                self._set_aside(self.path, why)
                self.lost = True
            else:
                self.restored = self.restored or restored
                self.lost = self.lost and not restored
                return connection
        raise StateUnavailable(f"{self.path} cannot be used, and neither can a new one")

    def is_still(self, inode: int) -> bool:
        """Whether the file is the one that was opened; somebody may have removed or replaced it."""
        try:
            return self.path.stat().st_ino == inode
        except OSError:
            return False

    def keep_copy(self, connection: sqlite3.Connection) -> None:
        """Renew the good copy: complete on disk before it takes the old one's place. Raises OSError, sqlite3.Error, Damaged."""
        draft = _empty(self.directory / f"{NAME}.good.new")
        try:
            with contextlib.closing(sqlite3.connect(draft)) as target:
                connection.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")
                check_pages(target)
            _into_place(draft, self.copy)
        finally:
            draft.unlink(missing_ok=True)

    def _begin(self) -> bool:
        """Nothing in place: the good copy's content, else empty tables. True when it was the copy."""
        if self.path.is_symlink() or self.path.exists():
            self._set_aside(self.path, Damaged("not a file"))
        for companion in _COMPANIONS:  # of a file that is gone; it would be mixed into the next one
            Path(f"{self.path}{companion}").unlink(missing_ok=True)
        draft = _empty(self.directory / f"{NAME}.new")
        if self.copy.is_file():
            shutil.copyfile(self.copy, draft)
            _into_place(draft, self.path)
            self._say("RESTORED", self.copy.name, Level.WARNING)
            return True
        with contextlib.closing(sqlite3.connect(draft)) as connection:
            create(connection)
        _into_place(draft, self.path)
        return False

    def _checked(self) -> sqlite3.Connection:
        check_header(self.path)
        uri = f"{self.path.absolute().as_uri()}?{_TORN_SECTORS}"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            check(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT}")
            migrate(connection)
        except sqlite3.Error as error:
            connection.close()
            if is_damage(error):
                raise Damaged(str(error)) from error
            raise
        except Exception:
            connection.close()
            raise
        return connection

    def _set_aside(self, path: Path, why: Damaged) -> None:
        numbers = sorted(
            int(tail)
            for name in path.parent.glob(f"{path.name}.corrupt-*")
            if (tail := name.name.rpartition("-")[2]).isdigit()
        )
        aside = path.with_name(f"{path.name}.corrupt-{numbers[-1] + 1 if numbers else 1}")
        if path.exists() or path.is_symlink():
            path.rename(aside)
            self._say("SET_ASIDE", aside.name, Level.ERROR, str(why))
        for companion in _COMPANIONS:
            with contextlib.suppress(FileNotFoundError):
                Path(f"{path}{companion}").rename(f"{aside}{companion}")
        for number in numbers[: max(0, len(numbers) + 1 - KEPT_ASIDE)]:
            old = path.with_name(f"{path.name}.corrupt-{number}")
            for name in ("", *_COMPANIONS):
                with contextlib.suppress(OSError):
                    Path(f"{old}{name}").unlink(missing_ok=True)

    def _say(self, status: str, name: str, level: Level, why: str = "") -> None:
        extras = {"directory": str(self.directory)} | ({"why": why} if why else {})
        self._journal.event(Fact("STORE", status, name, "file", extras, level, "🟠"))


def check_header(path: Path) -> None:
    """Raises Damaged when the file's format versions are not 1 or 2 (SQLite file format, bytes 18 and 19).

    SQLite would open such a file without complaint, but never write to it.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or not {header[18], header[19]} <= {1, 2}:
        raise Damaged("the file's header")


def check(connection: sqlite3.Connection) -> None:
    """Pages, version, checksum, and every row read once. Raises Damaged or NewerSchema."""
    try:
        check_version(connection)
        check_pages(connection)  # what it finds may not even be text
        image = read_image(connection)
        epoch = Now(Instant(0.0), WallTime(0.0))
        memory_of(image, epoch)
        ledger_of(image, epoch, SystemClock())  # only whether the rows make sense
        counters_of(image)
        watched_of(image)
        chronicle.check_rows(connection)
        letters_of(read_rows(connection))
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise Damaged(f"a row that makes no sense: {error}") from error


def open_for_reading(directory: Path) -> sqlite3.Connection:
    """A read-only connection, also while the service runs and also on a read-only disk. Raises StateUnavailable."""
    path = directory / NAME
    try:
        there = path.is_file()
    except OSError as error:  # a folder that is closed to us
        raise StateUnavailable(f"{path}: {error.strerror}") from error
    if not there:
        raise StateUnavailable(f"no state store in {directory}")
    uri = path.absolute().as_uri()
    # Without a write-ahead log the file is complete, and may be read where no companion file can be made.
    options = ["mode=ro"] if Path(f"{path}-wal").exists() else ["mode=ro", "mode=ro&immutable=1"]
    failure: sqlite3.Error | None = None
    for option in options:
        try:
            connection = sqlite3.connect(f"{uri}?{option}", uri=True, timeout=BUSY_S, isolation_level=None)
        except sqlite3.Error as error:  # a file that we may not open
            failure = error
            continue
        try:
            check_version(connection)
        except Damaged as error:
            connection.close()
            raise StateUnavailable(f"{path}: {error}") from error
        except StateUnavailable:
            connection.close()
            raise
        except sqlite3.Error as error:
            connection.close()
            failure = error
        else:
            return connection
    raise StateUnavailable(f"{path}: {failure}") from failure


def _empty(path: Path) -> Path:
    """A new private file, made before SQLite would make a public one."""
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return path


def _into_place(draft: Path, path: Path) -> None:
    """Rename ``draft`` to ``path``; after a power cut there is the old or the new content, never half of it."""
    _sync(draft)
    draft.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
