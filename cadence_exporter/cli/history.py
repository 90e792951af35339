"""``cadence-exporter history``: what the state store remembers, as tables or as one JSON document."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TextIO

from cadence_exporter.cli.colour import Paint, paint_for, plainly
from cadence_exporter.cli.strip_line import strip_lines
from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import Problem, SettingsError, StateUnavailable
from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.log.plain import plain
from cadence_exporter.record.state.chronicle import SEEN_AGAIN_S
from cadence_exporter.record.state.history import HistoryView, has_begun, read
from cadence_exporter.record.state.watched import WatchedHeld
from cadence_exporter.record.web.calendar_time import NONE, iso, local, span
from cadence_exporter.record.web.history_document import history_document, times_of
from cadence_exporter.record.web.past import since as younger_than
from cadence_exporter.seams import Clock
from cadence_exporter.settings.durations import parse_duration

UNREADABLE = 1
USUAL_SPANS_S = (86400.0, 30 * 86400.0)
RUNS_S = 300.0
"""A last cycle no older than this: an instance runs, and has nothing to do until its next one."""

NO_STORE = (
    "no state store in {state_dir}: nothing has happened yet; `state_dir` says where it is; "
    "of a running instance: curl http://127.0.0.1:9923/api/v1/history\n"
)

_LENGTH = "_s"
"""How the columns end that hold a length of time."""
_HEADS = {"seconds": "lasted"}
"""Columns whose cells are no longer what their name says."""
_NOTES = {"addresses": f"(last: written down every {span(SEEN_AGAIN_S)} at most, not with each look)"}


def history(state_dir: Path, since: str | None, as_json: bool, out: TextIO, clock: Clock | None = None) -> int:
    """Print what happened within ``since`` (a duration such as ``7d``; all there is without).

    Returns 0, also when nothing was written down yet, or 1 when what there is cannot be read.
    Raises SettingsError when ``since`` is not a duration.
    """
    now = (clock or SystemClock()).wall()
    earliest = _earliest(since, now)
    try:
        if has_begun(state_dir):
            view = read(state_dir, WallTime(0.0))
        else:
            sys.stderr.write(NO_STORE.format(state_dir=state_dir))
            if not as_json:
                return 0
            view = HistoryView()
    except StateUnavailable as error:
        sys.stderr.write(f"{error}\n")
        return UNREADABLE
    young = view if earliest is None else younger_than(view, earliest)
    if as_json:
        # All in ASCII, as in ``status``: terminals obey what JSON leaves as it is.
        out.write(json.dumps(history_document(young, earliest, now), indent=2) + "\n")
    else:
        paint = paint_for(out, os.environ)
        spans = USUAL_SPANS_S if earliest is None else (now - earliest,) if earliest < now else ()
        out.write("\n".join((*_strips(view, spans, now, paint), *_tables(young, paint))) + "\n")
    return 0


def _strips(view: HistoryView, spans: Sequence[float], now: WallTime, paint: Paint) -> Iterator[str]:
    if not view.watched:
        return
    *before, last = view.watched
    if last.ended <= now <= last.ended + RUNS_S:
        view = replace(view, watched=(*before, WatchedHeld(last.began, now)))
    yield from strip_lines(view, spans, now, paint)


def _tables(view: HistoryView, paint: Paint) -> Iterator[str]:
    for each in fields(view):
        yield from table(each.name, getattr(view, each.name), paint)


def _earliest(since: str | None, now: WallTime) -> WallTime | None:
    if since is None:
        return None
    try:
        return WallTime(now - parse_duration(since))
    except ValueError as error:
        raise SettingsError((Problem("--since", "", str(error)),)) from error


def table(name: str, rows: Sequence[Any], paint: Paint = plainly) -> Iterator[str]:
    """A heading, the rows under the names of their fields, and an empty line."""
    yield paint(f"{name.replace('_', ' ').upper()} ({len(rows)})", "bold")
    if rows:
        columns = [each.name for each in fields(rows[0])]
        heads = [_HEADS.get(column, column.removesuffix(_LENGTH).replace("_", " ")) for column in columns]
        cells = [heads, *([_cell(row, column) for column in columns] for row in rows)]
        widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
        for number, line in enumerate(cells):
            text = "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
            yield "  " + (text if number else paint(text, "dim"))
        if name in _NOTES:
            yield paint(f"  {_NOTES[name]}", "dim")
    yield ""


def _cell(row: Any, column: str) -> str:  # noqa: ANN401 - a row of any section
    value = getattr(row, column)
    if value is None:
        return NONE
    if column in times_of(row):
        return local(iso(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return span(value) if column in _HEADS or column.endswith(_LENGTH) else plain(str(value))
