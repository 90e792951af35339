"""What a crash leaves on the disk, under three models of what the disk does with what was not synced; and a plain kill."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.crash.story import Files, Point, without_shm

WAL = "state.db-wal"
HEADER = 32
FRAME = 24 + 4096
"""Of the write-ahead log (SQLite file format, section 4.1), with pages of 4096 bytes."""
SECTOR = 512
GARBAGE = bytes(range(255, -1, -1)) * 2


@dataclass(frozen=True)
class Left:
    """Files found by the next process. ``lied``: the disk lost what it had said it holds, so only order can be asked for."""

    model: str
    files: Files
    lied: bool = False


def left_by(point: Point) -> Iterator[Left]:
    """Every disk that a crash at this point may leave. A disk may also lose the last commit after it was acknowledged: a lie."""
    whole = without_shm(point.files)
    yield Left("kill", point.files)
    yield Left("synced only", point.synced)
    yield Left("prefix", whole)
    if WAL not in whole or not (point.in_flight or point.where in ("after commit", "after intent")):
        return
    lied = not point.in_flight
    written = frames(point.wal_before, len(whole[WAL]))
    for number, frame in enumerate(written[-1:] if lied else written):
        for end in (frame, frame + FRAME // 2):
            yield Left("prefix", whole | {WAL: whole[WAL][:end]}, lied)
        at = frame + (number % 2) * FRAME // 2
        filling = GARBAGE if number % 3 else bytes(SECTOR)
        yield Left("torn", whole | {WAL: torn(whole[WAL], at // SECTOR * SECTOR, filling)}, lied)


def frames(before: int, length: int) -> range:
    """Where the frames of the last commit begin."""
    assert length >= HEADER
    assert (length - HEADER) % FRAME == 0
    return range(max(before, HEADER), length, FRAME)


def torn(content: bytes, start: int, filling: bytes) -> bytes:
    return (content[:start] + filling + content[start + SECTOR :])[: len(content)]
