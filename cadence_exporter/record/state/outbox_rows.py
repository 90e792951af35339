"""What waits for the sinks, as rows of the store. Each has a seal of its own: a flipped bit must not become an entry in a sheet."""

import json
import sqlite3
import zlib
from collections.abc import Collection
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType

from cadence_exporter.model.delivery import Happening, Kind
from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.sinks.outbox import Address, Letter, Outbox
from cadence_exporter.record.state.image import Image, Value, read_table
from cadence_exporter.record.state.schema import Damaged, version_of

TABLE = "sink_row"
_SINCE_VERSION = 2
_PATIENCE_S = 5.0
"""How long a lane waits for the loop's commit; what it could not take off the disk goes with the next commit, minutes later."""


def rows_of(outbox: Outbox, on_disk: Image | None = None) -> Image:
    """What should be on disk. A letter never changes but for its number, so the rows that are there already are taken as they are."""
    rows: Image = {}
    for address, letter in outbox.letters().items():
        known = (on_disk or {}).get((TABLE, *address))
        rows[TABLE, *address] = known if known and known[0] == letter.number else _row(address, letter)
    return rows


def read_rows(connection: sqlite3.Connection) -> Image:
    """What is on disk; nothing in a store of a version without such rows."""
    return read_table(connection, TABLE) if version_of(connection) >= _SINCE_VERSION else {}


def letters_of(rows: Image) -> dict[Address, Letter]:
    """Raises Damaged, ValueError, TypeError or KeyError when a row is not what was written."""
    return {(str(key[1]), str(key[2])): _letter(key, row) for key, row in rows.items()}


def forget(path: Path, addresses: Collection[Address]) -> None:
    """Take rows off the disk, over a connection of one's own: called by lanes. Never raises; the next commit makes up for it."""
    with suppress(sqlite3.Error, OSError):
        uri = f"{path.absolute().as_uri()}?mode=rw&psow=0"
        with closing(sqlite3.connect(uri, uri=True, timeout=_PATIENCE_S, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(f"DELETE FROM {TABLE} WHERE channel = ? AND id = ?", addresses)  # noqa: S608 - a constant
            connection.execute("COMMIT")


def _row(address: Address, letter: Letter) -> tuple[Value, ...]:
    happening = letter.happening
    facts = json.dumps(dict(happening.facts), sort_keys=True)
    row = (letter.number, str(happening.kind), float(happening.at), facts)
    return (*row, _seal(address, row))


def _letter(key: tuple[str, ...], row: tuple[Value, ...]) -> Letter:
    number, kind, wall, facts, seal = row
    address = (str(key[1]), str(key[2]))
    if seal != _seal(address, (number, kind, wall, facts)):
        raise Damaged("a row for a sink")
    happening = Happening(
        address[1], Kind(str(kind)), WallTime(float(str(wall))), MappingProxyType(json.loads(str(facts)))
    )
    return Letter(int(str(number)), happening)


def _seal(address: Address, row: tuple[Value, ...]) -> int:
    number, kind, wall, facts = row
    return zlib.crc32(repr((*address, int(str(number)), str(kind), float(str(wall)), str(facts))).encode())
