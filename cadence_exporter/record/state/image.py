"""What must survive a restart, as rows: an image is compared with the last one, and only the rows that differ are written.

A checksum of the whole image goes with each commit: SQLite has none of its own, so a flipped bit in a stored address would
otherwise be believed.
"""

import json
import math
import sqlite3
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any

from cadence_exporter.model.address import Family, RecordType, family_of
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Belief, Change, Layer, Memory, Outage, Phase, RecordMemory
from cadence_exporter.model.record import RecordKey
from cadence_exporter.record.metrics.tally import CounterKey
from cadence_exporter.record.state.schema import SCHEMA_VERSION, Damaged
from cadence_exporter.record.state.way_rows import fault_of, outage_row, router_edge_of, usual_path_of, way_rows

Value = str | float | None
Image = dict[tuple[str, ...], tuple[Value, ...]]
"""Table name and primary key -> the other columns."""

MAX_WRITES_KEPT = 1000
"""Of one record's writes of the last day: as many as the settings allow, so that a restart is no way around the budget."""
DAY_S = 86400.0

_KEY_COLUMNS = {
    "meta": ("key",),
    "counter": ("name", "labels"),
    "belief": ("family",),
    "record_state": ("name", "type"),
    "sink_row": ("channel", "id"),
}
_COLUMNS = {"meta": 2, "counter": 3, "belief": 3, "record_state": 8, "sink_row": 7}
_SEALED = ("meta", "counter", "belief", "record_state")
"""Below one checksum. Rows of sinks come and go by hundreds, and carry a seal each."""
_STATE_SECONDS = "cadence_state_seconds_total"
_DIGEST = ("meta", "digest")


@dataclass(frozen=True, slots=True)
class Running:
    """How far the shown seconds of the current phase may run ahead of what is stored, and whether the stop was clean."""

    phase: Phase
    allowance_s: float
    clean: bool


def counter_rows(counters: Mapping[CounterKey, float], seconds: Mapping[Phase, float]) -> Image:
    """The counters, with the seconds per state as just another one."""
    rows: Image = {("counter", name, json.dumps(labels)): (value,) for (name, *labels), value in counters.items()}
    return rows | {("counter", _STATE_SECONDS, json.dumps([phase])): (value,) for phase, value in seconds.items()}


def running_rows(running: Running) -> Image:
    """Written with each commit, and at start and stop."""
    values = {"phase": running.phase, "allowance_s": running.allowance_s, "clean": running.clean}
    return {("meta", key): (json.dumps(value),) for key, value in values.items()}


def memory_rows(memory: Memory) -> Image:
    """The part of the memory that survives."""
    outage = outage_row(memory.outage)
    values = {"cycle": memory.cycle, "up_cycles": memory.up_cycles, "since": memory.since.wall, "outage": outage}
    rows: Image = {("meta", key): (json.dumps(value),) for key, value in values.items()}
    rows |= way_rows(memory)
    for family, belief in memory.beliefs.items():
        if belief.confirmed is not None:
            rows["belief", family] = (str(belief.confirmed), belief.confirmed_at)
    for key, record in memory.records.items():
        rows["record_state", key.name, key.type] = _record_row(record)
    return rows


def _record_row(record: RecordMemory) -> tuple[Value, ...]:
    writes = json.dumps([written.wall for written in record.writes[-MAX_WRITES_KEPT:]])
    verified = None if record.verified is None else str(record.verified)
    change = record.change
    if change is None:
        return (verified, record.verified_at, writes, None, None, None)
    published = None if change.published_at is None else change.published_at.wall
    return (verified, record.verified_at, writes, str(change.address), change.evidence_at.wall, published)


def sealed(image: Image) -> Image:
    """``image`` with the schema version and its checksum."""
    image = image | {("meta", "schema"): (str(SCHEMA_VERSION),)}
    return image | {_DIGEST: (_digest(image),)}


def _digest(image: Image) -> str:
    rows = sorted((key, values) for key, values in image.items() if key != _DIGEST)
    return str(zlib.crc32(repr([(*map(str, key), *map(_canonical, values)) for key, values in rows]).encode()))


def _canonical(value: Value) -> str:
    return repr(float(value)) if isinstance(value, int | float) else repr(None if value is None else str(value))


def read_image(connection: sqlite3.Connection) -> Image:
    """The rows on disk. Raises Damaged when they are not what was written."""
    image: Image = {}
    for table in _SEALED:
        image |= read_table(connection, table)
    if image and image.get(_DIGEST) != (_digest(image),):
        raise Damaged("checksum of the stored state")
    return image


def read_table(connection: sqlite3.Connection, table: str) -> Image:
    """All rows of one table."""
    keys = len(_KEY_COLUMNS[table])
    rows = connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - a constant name
    return {(table, *row[:keys]): tuple(row[keys:]) for row in rows}


def write_changes(connection: sqlite3.Connection, old: Image, new: Image) -> None:
    """Turn ``old``, which is on disk, into ``new``. Runs inside the caller's transaction."""
    for key, values in new.items():
        if old.get(key) != values:
            marks = ", ".join("?" * _COLUMNS[key[0]])
            connection.execute(f"INSERT OR REPLACE INTO {key[0]} VALUES ({marks})", (*key[1:], *values))  # noqa: S608
    for key in old.keys() - new.keys():
        where = " AND ".join(f"{column} = ?" for column in _KEY_COLUMNS[key[0]])
        connection.execute(f"DELETE FROM {key[0]} WHERE {where}", key[1:])  # noqa: S608 - constant names


def counters_of(image: Image) -> tuple[dict[CounterKey, float], dict[Phase, float]]:
    """The counters and the seconds per state. After an unclean stop the latter hold what may have been shown already."""
    counters: dict[CounterKey, float] = {}
    seconds: dict[Phase, float] = {}
    for key, values in image.items():
        if key[0] != "counter":
            continue
        labels = [str(label) for label in json.loads(key[2])]
        value = _finite(values[0])
        if key[1] == _STATE_SECONDS:
            seconds[Phase(labels[0])] = value
        else:
            counters[key[1], *labels] = value
    running = running_of(image)
    if running is not None and not running.clean:
        seconds[running.phase] = seconds.get(running.phase, 0.0) + running.allowance_s
    return counters, seconds


def running_of(image: Image) -> Running | None:
    """How the last process stood; ``None`` in a new store."""
    if ("meta", "phase") not in image:
        return None
    return Running(Phase(_meta(image, "phase")), _finite(_meta(image, "allowance_s")), bool(_meta(image, "clean")))


def memory_of(image: Image, now: Now) -> Memory:
    """The memory to begin with. Raises Damaged, ValueError, TypeError or KeyError when a row makes no sense."""
    fresh = Memory(Phase.INIT, now)
    if ("meta", "cycle") not in image:
        return fresh
    outage = _meta(image, "outage")
    return Memory(
        phase=Phase.INIT,
        since=now,
        cycle=int(_finite(_meta(image, "cycle"))),
        up_cycles=int(_finite(_meta(image, "up_cycles"))),
        beliefs=MappingProxyType(
            {Family(key[1]): _belief(key, row, now) for key, row in image.items() if key[0] == "belief"}
        ),
        records=MappingProxyType(
            {
                RecordKey(key[1], RecordType(key[2])): _record(row, now)
                for key, row in image.items()
                if key[0] == "record_state"
            }
        ),
        outage=None if outage is None else Outage(_as_now(_finite(outage[0]), now), Layer(outage[1]), fault_of(outage)),
        usual_path=usual_path_of(image),
        router_edge=router_edge_of(image),
    )


def _belief(key: tuple[str, ...], row: tuple[Value, ...], now: Now) -> Belief:
    confirmed = ip_address(str(row[0]))
    if family_of(confirmed) is not Family(key[1]):
        raise Damaged("an address of the other family")
    return Belief(confirmed=confirmed, confirmed_at=_not_ahead(row[1], now))


def _record(row: tuple[Value, ...], now: Now) -> RecordMemory:
    """A write dated in the future counts as one of this moment; a verification dated in the future is worth nothing."""
    writes = tuple(_finite(wall) for wall in json.loads(str(row[2])))
    return RecordMemory(
        verified=None if row[0] is None else ip_address(str(row[0])),
        verified_at=_not_ahead(row[1], now),
        writes=tuple(_as_now(wall, now) for wall in writes if wall > now.wall - DAY_S),
        change=_change(row, now),
    )


def _change(row: tuple[Value, ...], now: Now) -> Change | None:
    if row[3] is None:
        return None
    published = None if row[5] is None else _as_now(_finite(row[5]), now)
    return Change(ip_address(str(row[3])), _as_now(_finite(row[4]), now), published, next_look=now.instant)


def _not_ahead(value: Value, now: Now) -> WallTime | None:
    if value is None:
        return None
    wall = _finite(value)
    return None if wall > now.wall else WallTime(wall)


def _as_now(wall: float, now: Now) -> Now:
    """A stored time on this process's monotonic clock; one in the future counts as this moment."""
    return Now(Instant(now.instant - max(0.0, now.wall - wall)), WallTime(wall))


def _meta(image: Image, key: str) -> Any:  # noqa: ANN401 - JSON; the callers check
    return json.loads(str(image["meta", key][0]))


def _finite(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise Damaged("a number that is none")
    return number
