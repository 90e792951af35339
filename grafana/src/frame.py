"""What every page has: filters, marks, links, and its panels laid out on 24 columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder
from grafana_foundation_sdk.builders.dashboard import Row, TimePicker
from grafana_foundation_sdk.cog.builder import Builder as Buildable
from grafana_foundation_sdk.models.dashboard import Dashboard, DashboardCursorSync, GridPos, Panel, RowPanel

from grafana.src import annotations, links, variables

COLUMNS = 24
_HEADING = 1
"""Grid rows of a heading."""


@dataclass(frozen=True, slots=True)
class Line:
    """Panels side by side, each with its width. On a phone Grafana puts them under each other, in this order."""

    height: int
    panels: Sequence[tuple[int, Buildable[Panel]]]


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading; without a heading at the top of a page, where each row of pixels counts."""

    heading: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Page:
    """What tells one page from another."""

    uid: str
    title: str
    description: str
    since: str
    """The default range's beginning, such as ``now-24h``."""
    with_objective: bool = False
    only_versions_marked: bool = False
    """Whether the other marks wait for a click: those of many homes, or of a month, hide what is below them."""


def framed(page: Page, sections: Sequence[Section]) -> Dashboard:
    """The dashboard."""
    panels = [*_placed(sections)]
    builder = (
        Builder(page.title)
        .uid(page.uid)
        .description(page.description)
        .tags([links.TAG])
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .timezone("browser")
        .time(page.since, "now")
        .refresh("30s")
        .timepicker(TimePicker().refresh_intervals(["30s", "1m", "5m", "15m"]))
        .link(links.pages())
        .link(links.runbooks())
        .annotations(annotations.annotations(panels, only_versions=page.only_versions_marked))
    )
    for variable in (variables.datasource(), variables.job(), variables.site(), variables.instance()):
        builder.with_variable(variable)
    if page.with_objective:
        builder.with_variable(variables.objective())
    builder.with_variable(variables.runbooks())
    dashboard = builder.build()
    dashboard.panels = panels
    return dashboard


def _placed(sections: Sequence[Section]) -> Iterator[Panel | RowPanel]:
    """Panels and headings with their places and with ids from 1, which the library leaves to us."""
    top, number = 0, 0
    for section in sections:
        if section.heading:
            number += 1
            yield Row(section.heading).id(number).grid_pos(GridPos(h=_HEADING, w=COLUMNS, x=0, y=top)).build()
            top += _HEADING
        for line in section.lines:
            left = 0
            for width, builder in line.panels:
                number += 1
                panel = builder.build()
                panel.id_val = number
                panel.grid_pos = GridPos(h=line.height, w=width, x=left, y=top)
                yield panel
                left += width
            top += line.height
