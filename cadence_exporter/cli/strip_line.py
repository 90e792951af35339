"""Strips of the history on a terminal: the higher a block, the worse it was. Readable without colour."""

from collections.abc import Iterator, Sequence

from cadence_exporter.cli.colour import Paint
from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.state.history import HistoryView
from cadence_exporter.record.state.timeline import Cell, Condition, cells, pieces, summary
from cadence_exporter.record.web.calendar_time import span
from cadence_exporter.record.web.strips import in_words

CELLS = 72
_SHORT, _LONG = "▅", "█"
_BLOCKS = {Condition.UNKNOWN: "·", Condition.UP: "▁", Condition.DEGRADED: "▃"}
_COLOURS = {Condition.UP: "green", Condition.DEGRADED: "yellow", Condition.DOWN: "red", Condition.UNKNOWN: "dim"}


def strip_lines(view: HistoryView, spans: Sequence[float], now: WallTime, paint: Paint) -> Iterator[str]:
    """One strip and its numbers for each span, in seconds."""
    for seconds in spans:
        found = pieces(view, now - seconds, now)
        yield f"last {span(seconds)}: {in_words(summary(view, found, None))}"
        yield "  " + "".join(paint(_block(cell), _COLOURS[cell.worst]) for cell in cells(found, CELLS))
    yield "  (▁ up  ▃ degraded  ▅ down for a part of it  █ down  · not watched)"
    yield ""


def _block(cell: Cell) -> str:
    if cell.worst is Condition.DOWN:
        return _LONG if cell.main is Condition.DOWN else _SHORT
    return _BLOCKS[cell.worst]
