"""Target: the state directory as a bad disk, a bad copy or somebody's editor leaves it."""

import functools
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.recovery import EMPTY_LEDGER
from cadence_exporter.record.state.image import read_image, sealed, write_changes
from cadence_exporter.record.state.store import SqliteStore
from tests.fuzz.promises import Target, folder
from tests.record.cycles import Hands, eventful, make_faults

CYCLES = 3
ALONE, WITH_COPY, LOG, ROWS, RAW = range(5)
"""What is damaged: the only file, a file that has a good copy, the write-ahead log, rows that are then sealed anew, everything."""
TYPES = (
    lambda raw: raw.decode("utf-8", "replace"),
    lambda raw: int.from_bytes(raw[:8], "big", signed=True),
    lambda raw: float(int.from_bytes(raw[:8], "big", signed=True)) * 1e290,
    lambda raw: raw,
    lambda raw: None,
)
HISTORY = ("transition", "outage", "address", "dns_change", "api_call")


def store(data):
    """The first byte says what is damaged; then edits follow, each with its place, its length and its bytes."""
    mode, rest = data[0] % 5 if data else ALONE, data[1:]
    place = folder() / "state"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    files, known = _told(killed=mode == LOG)
    if mode == RAW:
        files = {"state.db": rest}
    elif mode in (ALONE, WITH_COPY, LOG):
        victim = "state.db-wal" if mode == LOG else "state.db"
        files = {name: content for name, content in files.items() if mode == WITH_COPY or not name.endswith(".good")}
        files[victim] = edited(files[victim], rest)
    for name, content in files.items():
        (place / name).write_bytes(content)
    if mode == ROWS:
        (place / "state.db.good").unlink()
        _edit_rows(place / "state.db", rest)
    memory, cycles, said = _restart(place)
    assert memory.phase is Phase.INIT
    if mode != ROWS:
        told = replace(memory, recovery=EMPTY_LEDGER)  # of the power, damage makes one believe the worst
        assert told in known, "a memory that never was"
        assert mode != WITH_COPY or told == known[-1]
    again, cycles_again, _ = _restart(place)
    assert cycles_again >= cycles, said
    assert dict(again.beliefs) == dict(memory.beliefs)
    assert again.records.keys() == memory.records.keys()


def _restart(place):
    """Load, and stop again: what a process does to the directory that it finds."""
    clock = Hands(9000.0)
    faults, stream = make_faults(clock)
    opened = SqliteStore(place, clock, faults)
    memory = opened.load(clock.now())
    up, counters = opened.up, dict(opened.counters())
    opened.close(clock.now())
    assert up or "newer version" in stream.text, stream.text
    return memory, counters.get(("cadence_loop_iterations_total", "ok"), 0.0), stream.text


def edited(content, rest):
    """Two bytes of place (of the whole file), one of length, the bytes; a length of 255 cuts the file off there."""
    changed = bytearray(content)
    while len(rest) > 3:
        at, length = int.from_bytes(rest[:2], "big") * max(1, len(changed) // 65536 + 1) % (len(changed) + 1), rest[2]
        if length == 255:
            del changed[at:]
        piece, rest = rest[3 : 3 + length], rest[3 + length :]
        changed[at : at + len(piece)] = piece
    return bytes(changed)


def _edit_rows(path, rest):
    """One byte for the row, one for the column, one for the type, one for the length, the value. Sealed anew at the end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        image = read_image(connection)
        while len(rest) > 4:
            row, column, kind, length = rest[:4]
            value, rest = TYPES[kind % len(TYPES)](rest[4 : 4 + length]), rest[4 + length :]
            if row < 128:
                key = sorted(image, key=repr)[row % len(image)]
                cells = [*key, *image.pop(key)]
                cells[1 + column % (len(cells) - 1)] = value
                image[tuple(cells[: len(key)])] = tuple(cells[len(key) :])
            else:
                _edit_history(connection, HISTORY[row % len(HISTORY)], column, value)
        try:
            write_changes(connection, read_image(connection), sealed(image))
        except (sqlite3.Error, TypeError):
            return  # the tables themselves refuse it; what was written so far is not sealed, which is worth a try too


def _edit_history(connection, table, column, value):
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")][1:]
    try:
        connection.execute(f"UPDATE {table} SET {names[column % len(names)]} = ?", (value,))  # noqa: S608
    except (sqlite3.Error, OverflowError):
        return


@functools.cache
def _told(*, killed):
    """Some cycles of a life: the files it leaves behind, and the memory as of each commit."""
    place = folder() / ("killed" if killed else "stopped")
    clock = Hands()
    faults, _ = make_faults(clock)
    opened = SqliteStore(place, clock, faults)
    opened.load(clock.now())
    known = [Memory(Phase.INIT, Hands(9000.0).now())]
    files = {}
    for number in range(1, CYCLES + 1):
        clock.seconds += 180
        opened.commit(eventful(clock.now(), number))
        files = {each.name: each.read_bytes() for each in place.iterdir() if each.name != "lock"}
        known.append(_known(files))
    opened.close(clock.now())
    if not killed:
        files = {each.name: each.read_bytes() for each in place.iterdir() if each.name != "lock"}
    files.pop("state.db-shm", None)
    return files, tuple(known)


def _known(files):
    place = folder() / "looked-at"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, content in files.items():
        if not name.endswith("-shm"):
            (place / name).write_bytes(content)
    return _restart(place)[0]


def _row(row, column, kind, value):
    return bytes((row, column, kind, len(value))) + value


TARGETS = (
    Target(
        "store",
        "opens, or is set aside and replaced; what is loaded is what was once committed, or nothing; a second start finds the same",
        store,
        (
            b"\0",
            b"\0\0\x12\1\x03",
            b"\1\x10\0\4oops",
            b"\2\2\0\4oops",
            b"\2\x80\0\xff",
            b"\0\0\0\xff",
            b"\3" + _row(0, 2, 0, b"NaN"),
            b"\3" + _row(1, 0, 0, b"ipv6"),
            b"\3" + _row(40, 2, 0, b"[[]]") + _row(40, 3, 1, b"\x7f" * 8),
            b"\3" + _row(200, 1, 0, b"2a01::1"),
            b"\4SQLite format 3\0",
        ),
        (b"NaN", b"1e999", b"[1,2]", b'"UP"', b"null", b"ipv6", b"AAAA", b"{}", b"[]", b"true", b"\xff\xff\xff", b"CDNC"),
        512,
    ),
)  # fmt: skip
