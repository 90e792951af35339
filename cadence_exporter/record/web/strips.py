"""History -> strips of cells as inline SVG: what the connection was, at a glance. However short an outage was, its cell shows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cadence_exporter.model.instants import Now
from cadence_exporter.record.state.chronicle import OutageHeld
from cadence_exporter.record.state.history import HistoryView
from cadence_exporter.record.state.timeline import Cell, Condition, Summary, cells, pieces, summary
from cadence_exporter.record.web.calendar_time import span
from cadence_exporter.record.web.html import Html, element, joined

HOUR_S, DAY_S = 3600.0, 86400.0
LEAST_SHARE = 0.35
"""Of the height of a cell for what was bad in it: seconds of a four-hour cell must be seen on a phone."""
_HEIGHT = 100


@dataclass(frozen=True, slots=True)
class Scale:
    """How long a strip reaches back, in how many cells: two pixels each on a phone."""

    name: str
    seconds: float
    cells: int


YOUNG = (Scale("Last 10 minutes", 600.0, 120), Scale("Last hour", HOUR_S, 120))
"""For who has just begun to watch: one cell of the other strips is as long as all that is known."""
SCALES = (Scale("Last 24 hours", DAY_S, 144), Scale("Last 30 days", 30 * DAY_S, 180))


def strips(view: HistoryView, current: OutageHeld | None, now: Now) -> Html:
    """Every strip there is, and what the colours mean. ``current``: the outage that is not over yet."""
    drawn = [_strip(scale, view, current, now) for scale in (*_young(view, now), *SCALES)]
    return joined(*drawn, _legend())


def _young(view: HistoryView, now: Now) -> Iterator[Scale]:
    known_s = now.wall - min((each.began for each in view.watched), default=now.wall)
    if known_s < HOUR_S:
        yield next(scale for scale in YOUNG if known_s < scale.seconds)


def _strip(scale: Scale, view: HistoryView, current: OutageHeld | None, now: Now) -> Html:
    found = pieces(view, now.wall - scale.seconds, now.wall)
    words = in_words(summary(view, found, current))
    return element(
        "div",
        element("p", element("strong", scale.name), element("span", words, class_="quiet")),
        draw(cells(found, scale.cells), f"{scale.name}: {words}"),
        class_="strip",
    )


def in_words(told: Summary) -> str:
    """``up 99.93 % of the time · 2 outages, the longest 3 min 20 s · 5 h not watched``."""
    ratio = told.up_ratio
    if ratio is None:
        return "nothing known yet"
    # Rounded down: a hundred per cent means that there was nothing.
    parts = [f"up {int(ratio * 10_000) / 100:.2f} % of the time"]
    if told.outages:
        number = f"{told.outages} outages, the longest" if told.outages > 1 else "1 outage,"
        parts.append(f"{number} {span(told.longest_s)}")
    else:
        # An outage is lost what was there: a home that was never up has none, however long it is down.
        parts.append("no outage: it was not up before" if told.seconds[Condition.DOWN] else "no outage")
    unknown_s = told.seconds[Condition.UNKNOWN]
    if unknown_s >= 60.0:  # noqa: PLR2004 - a start that takes a few seconds is nothing to tell
        parts.append(f"{span(unknown_s)} not watched")
    return " · ".join(parts)


def draw(row: Sequence[Cell], label: str) -> Html:
    """One strip. Equal neighbours are drawn as one, so that a quiet month is one rectangle."""
    return element("svg", *_rectangles(row), viewBox=f"0 0 {len(row)} {_HEIGHT}", preserveAspectRatio="none",
                   role="img", aria_label=label)  # fmt: skip


def _rectangles(row: Sequence[Cell]) -> Iterator[Html]:
    start = 0
    for index in range(1, len(row) + 1):
        if index < len(row) and row[index].main is row[start].main:
            continue
        yield _background(row[start].main, start, index - start)
        start = index
    for index, cell in enumerate(row):
        if cell.worst is not cell.main:
            height = max(LEAST_SHARE, cell.share) * _HEIGHT
            yield _rectangle(cell.worst, index, _HEIGHT - height, 1, height)


def _background(condition: Condition, x: int, width: int) -> Html:
    """What is not known is a thin line: a gap, also for who cannot tell the colours apart."""
    if condition is Condition.UNKNOWN:
        return _rectangle(condition, x, _HEIGHT * 0.45, width, _HEIGHT * 0.1)
    return _rectangle(condition, x, 0, width, _HEIGHT)


def _rectangle(condition: Condition, x: float, y: float, width: float, height: float) -> Html:
    return element("rect", class_=f"bar-{condition}", x=f"{x:g}", y=f"{y:g}", width=f"{width:g}", height=f"{height:g}")


def _legend() -> Html:
    named = ((Condition.UP, "up"), (Condition.DEGRADED, "degraded"), (Condition.DOWN, "down"))
    swatches = [element("span", _swatch(condition, 0, 10), name) for condition, name in named]
    return element("div", *swatches, element("span", _swatch(Condition.UNKNOWN, 4, 2), "not watched"),
                   class_="legend small quiet")  # fmt: skip


def _swatch(condition: Condition, y: int, height: int) -> Html:
    return element("svg", _rectangle(condition, 0, y, 10, height), viewBox="0 0 10 10", aria_hidden="true")
