"""What a store's damaged files come to when they are opened: quick enough for every length and every bit of them."""

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.record.state.image import Image, read_image
from cadence_exporter.record.state.marks import read_marks
from cadence_exporter.record.state.schema import KEPT_ROWS
from cadence_exporter.record.state.state_file import NAME, StateFile
from tests.crash.disks import FRAME, HEADER, WAL
from tests.crash.story import Files, Point, without_shm

NOW = Now(Instant(1000.0), WallTime(1_767_300_000.0))
COPY = f"{NAME}.good"


class Silent:
    """A journal that nobody reads."""

    def event(self, fact):
        pass


@dataclass(frozen=True)
class Found:
    """What the next process takes for true."""

    image: Image
    """Memory and counters: what is acted on."""
    history: frozenset
    """What is only shown to people."""
    noticed: bool
    """Something was set aside."""


def opened(folder: Path, files: Files) -> Found:
    """Opened as the production store does. Raises whatever would reach the loop."""
    for each in folder.iterdir():
        each.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with contextlib.closing(StateFile(folder, Silent()).open()) as connection:
        read_marks(connection, NOW)
        rows = {table: connection.execute(f"SELECT * FROM {table}") for table in KEPT_ROWS}  # noqa: S608
        history = frozenset((table, *row) for table, cursor in rows.items() for row in cursor)
        return Found(read_image(connection), history, any(folder.glob("*.corrupt-*")))


@dataclass
class Damage:
    """Damage of one file among others, and what may come of it. ``allowed``: images that were on disk at some time."""

    folder: Path
    files: Files
    name: str
    allowed: list[Image]

    def try_all(self, contents: Iterable[bytes]) -> Counter[str]:
        """How often which end came. Anything else than what was once written is an AssertionError."""
        whole = opened(self.folder, self.files)
        ends: Counter[str] = Counter()
        for number, content in enumerate(contents):
            found = opened(self.folder, self.files | {self.name: content})
            assert found.image in self.allowed, f"number {number}"
            if found.noticed:
                ends["set aside"] += 1
            elif found.image != whole.image:
                ends["an earlier commit"] += 1
            elif found.history != whole.history:
                ends["another word in the history"] += 1
            else:
                ends["nothing"] += 1
        return ends


def kinds(folder: Path, points: list[Point]) -> dict[str, Damage]:
    """The database after a clean stop; the copy when only that is left; the write-ahead log of a killed process."""
    folder.mkdir()
    stopped = without_shm(points[-1].files)
    early = without_shm(next(each for each in points if each.where == "after commit").files)
    log = early[WAL]
    commits = {n: opened(folder, early | {WAL: log[:n]}).image for n in range(HEADER, len(log) + 1, FRAME)}
    state = opened(folder, stopped).image
    return {
        "database": Damage(folder, stopped, NAME, [state]),
        "copy": Damage(folder, {COPY: stopped[COPY]}, COPY, [state, {}]),
        "log": Damage(folder, early, WAL, list(commits.values())),
    }


def cut(content: bytes) -> Iterator[bytes]:
    """Every length but the whole."""
    return (content[:length] for length in range(len(content)))


def flipped(content: bytes, bits: Iterable[int]) -> Iterator[bytes]:
    """One bit after the other, the other way round."""
    for bit in bits:
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)
