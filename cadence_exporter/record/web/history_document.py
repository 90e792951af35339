"""History -> the document of ``/api/v1/history`` and of ``cadence-exporter history --json``. Pure. Described in ``docs/api.md``."""

from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.state.history import HistoryView
from cadence_exporter.record.web.calendar_time import iso


def history_document(view: HistoryView, since: WallTime | None, now: WallTime) -> dict[str, Any]:
    """``since``: how far back was asked for; ``None``: all there is."""
    sections = {each.name: [_row(row) for row in getattr(view, each.name)] for each in fields(view)}
    return {"now": iso(now), "since": iso(since), **sections}


def times_of(row: object) -> frozenset[str]:
    """The fields of a row that hold a wall-clock time, by their declared type."""
    hints = get_type_hints(type(row))
    return frozenset(name for name, kind in hints.items() if kind is WallTime or WallTime in get_args(kind))


def _row(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of any section
    if not is_dataclass(row):
        raise TypeError(type(row).__name__)
    times = times_of(row)
    named = {each.name: getattr(row, each.name) for each in fields(row)}
    return {name: iso(value) if name in times else _plain_value(value) for name, value in named.items()}


def _plain_value(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else str(value)
