"""``cadence-exporter history``: what the state store remembers, as tables or as one JSON document."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TextIO, get_args, get_type_hints

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import Problem, SettingsError, StateUnavailable
from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.log.plain import plain
from cadence_exporter.record.state.history import HistoryView, has_begun, read
from cadence_exporter.record.web.calendar_time import NONE, iso, local, span
from cadence_exporter.seams import Clock
from cadence_exporter.settings.durations import parse_duration

UNREADABLE = 1

_SECONDS = ("seconds", "duration_s", "off_for_s", "up_after_s")
"""Columns that hold a length of time."""


def history(state_dir: Path, since: str | None, as_json: bool, out: TextIO, clock: Clock | None = None) -> int:
    """Print what happened within ``since`` (a duration such as ``7d``; all there is without).

    Returns 0, also when nothing was written down yet, or 1 when what there is cannot be read.
    Raises SettingsError when ``since`` is not a duration.
    """
    try:
        earliest = _earliest(since, clock or SystemClock())
        if has_begun(state_dir):
            view = read(state_dir, earliest)
        else:
            sys.stderr.write(f"no state store in {state_dir}: nothing has happened yet\n")
            view = HistoryView()
    except StateUnavailable as error:
        sys.stderr.write(f"{error}\n")
        return UNREADABLE
    sections = {each.name: list(getattr(view, each.name)) for each in fields(view)}
    if as_json:
        document = {name: [_as_json(row) for row in rows] for name, rows in sections.items()}
        out.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        out.write("\n".join(line for name, rows in sections.items() for line in table(name, rows)) + "\n")
    return 0


def _earliest(since: str | None, clock: Clock) -> WallTime:
    if since is None:
        return WallTime(0.0)
    try:
        return WallTime(clock.wall() - parse_duration(since))
    except ValueError as error:
        raise SettingsError((Problem("--since", "", str(error)),)) from error


def table(name: str, rows: Sequence[Any]) -> Iterator[str]:
    """A heading, the rows under the names of their fields, and an empty line."""
    yield f"{name.replace('_', ' ').upper()} ({len(rows)})"
    if rows:
        columns = [each.name for each in fields(rows[0])]
        heads = [column.removesuffix("_s").replace("_", " ") for column in columns]
        cells = [heads, *([_cell(row, column) for column in columns] for row in rows)]
        widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
        for line in cells:
            yield "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
    yield ""


def _cell(row: Any, column: str) -> str:  # noqa: ANN401 - a row of any section
    value = getattr(row, column)
    if value is None:
        return NONE
    if column in _times(row):
        return local(iso(value))
    return span(value) if column in _SECONDS else plain(str(value))


def _as_json(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of any section
    if not is_dataclass(row):
        raise TypeError(type(row).__name__)
    times = _times(row)
    named = {each.name: getattr(row, each.name) for each in fields(row)}
    return {name: iso(value) if name in times else _plain_value(value) for name, value in named.items()}


def _plain_value(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _times(row: object) -> frozenset[str]:
    """The fields of a row that hold a wall-clock time, by their declared type."""
    hints = get_type_hints(type(row))
    return frozenset(name for name, kind in hints.items() if kind is WallTime or WallTime in get_args(kind))
