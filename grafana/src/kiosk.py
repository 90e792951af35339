"""Kiosk: three answers and a history, to be read from the other end of the room."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.src import links, now
from grafana.src.frame import Line, Page, Section, framed

PAGE = Page(
    links.KIOSK,
    "Cadence / Kiosk",
    "For a tablet on the wall: add ?kiosk to the address. Three answers and the last day.",
    "now-24h",
)


def dashboard() -> Dashboard:
    """The page."""
    answers = Line(9, ((12, now.what_is_wrong()), (6, now.since()), (6, now.dns())))
    return framed(PAGE, (Section("", (answers, Line(8, ((24, now.history()),)))),))
