"""The sink: which rows go where, and how nothing gets lost or written twice although any answer may be late, lost or untrue.

Each event has an id in the first column. Before events are written that column is read; after they were, it is read again, and
only what is seen there is done. Rows go to places worked out from what was read, so that a repetition lands on itself.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cadence_exporter.model.assessment import Link
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.delivery import Happening, Kind, SinkName, Trouble
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.record.sheets.api import SheetsApi, Tab
from cadence_exporter.record.sheets.rows import (
    EVENT_HEADER,
    STATUS_HEADER,
    LastTimes,
    Row,
    event_row,
    lasting,
    status_row,
)
from cadence_exporter.record.sinks.courier import DeliveryFailed
from cadence_exporter.record.sinks.outbox import Channel, Outbox
from cadence_exporter.seams import Clock

CHANNEL = Channel("sheets", (Kind.OUTAGE_ENDED, Kind.ADDRESS_CHANGED, Kind.DNS_CHANGED, Kind.BOUNCED), most=2000)
COALESCED_S = 60.0
"""Between two writes of a home where nothing changed: a service account has 60 writes a minute, and a fleet may share it."""
SHORTEST_S = 5.0
"""Between two writes in any case."""
MOST_AT_ONCE = 200
"""Events in one request: far below the two megabytes that Google advises."""
DELIVERY_S = 40.0
MOST_HOMES = 1000
TAIL = 5000
"""Rows of the log that are read back: more than can be waiting, and the empty ones that a new tab comes with."""
GROWTH = 1000
NO_TAB = (
    "a tab cannot be made (400): there is one whose name differs in capitals only, or the name has more than "
    "100 characters; it is made of sheets.worksheet and site"
)
_ID = re.compile(r"[A-Za-z0-9_-]{25,100}")
_URL = re.compile(r"/spreadsheets/d/([A-Za-z0-9_-]{25,100})")


@dataclass(frozen=True, slots=True)
class SheetPlace:
    """What the settings say."""

    spreadsheet: str
    """Its id, its URL, or its name."""
    worksheet: str
    site: str
    version: str
    show_addresses: bool = True

    @property
    def log(self) -> str:
        """The tab of the home's events: one for each home, so that two never write into one row."""
        return f"{self.worksheet} log {self.site}"


def id_in(spreadsheet: str) -> str | None:
    """The id that a setting holds; ``None`` when it is a name."""
    url = _URL.search(spreadsheet)
    if url is not None:
        return url[1]
    return spreadsheet if _ID.fullmatch(spreadsheet) else None


class Sheet:
    """Implements ``courier.Sink``."""

    name = SinkName.SHEETS
    channel = CHANNEL.name

    def __init__(self, place: SheetPlace, api: SheetsApi, outbox: Outbox, clock: Clock, last: LastTimes) -> None:
        self._place = place
        self._api = api
        self._outbox = outbox
        self._clock = clock
        self._last = last
        self._id = id_in(place.spreadsheet)
        self._tabs: dict[str, Tab] = {}
        self._shown: Row = ()
        self._written_at: Instant | None = None

    def plan(self, cycle: Cycle) -> Callable[[], int] | None:
        """The home's row, and what waits; held back while there is no way out."""
        if cycle.assessment.wan is not Link.UP:
            return None
        place = self._place
        row = status_row(cycle, place.site, place.version, self._last, show_addresses=place.show_addresses)
        waiting = self._outbox.waiting(self.channel)[:MOST_AT_ONCE]
        fresh = bool(waiting) or lasting(row) != self._shown
        pause_s = SHORTEST_S if fresh else COALESCED_S
        if self._written_at is not None and self._clock.monotonic() - self._written_at < pause_s:
            return None
        return lambda: self._deliver(row, waiting)

    def _deliver(self, row: Row, waiting: Sequence[Happening]) -> int:
        deadline = later(self._clock.monotonic(), DELIVERY_S)
        self._written_at = self._clock.monotonic()
        try:
            sheet = self._id or self._api.find(self._place.spreadsheet, deadline)
            self._id = sheet
            self._prepare(sheet, deadline)
            told = self._write(sheet, row, waiting, deadline)
        except DeliveryFailed as error:
            if error.trouble in (Trouble.REJECTED, Trouble.NOT_FOUND):  # a tab was renamed, the grid is another one
                self._tabs = {}
                self._id = id_in(self._place.spreadsheet)
            raise
        self._shown = lasting(row)
        return told

    def _prepare(self, sheet: str, deadline: Instant) -> None:
        """Make the tabs that are missing. One that is there already after all was made by a request whose answer got lost."""
        titles = (self._place.worksheet, self._place.log)
        if all(title in self._tabs for title in titles):
            return
        self._tabs = self._api.tabs(sheet, deadline)
        missing = [title for title in titles if title not in self._tabs]
        if missing:
            self._make(sheet, missing, deadline)
            self._tabs = self._api.tabs(sheet, deadline)
        if any(title not in self._tabs for title in titles):
            self._tabs = {}
            raise DeliveryFailed(Trouble.CONTENT, "a tab that was made is not there")

    def _make(self, sheet: str, titles: Sequence[str], deadline: Instant) -> None:
        try:
            self._api.change(sheet, [{"addSheet": {"properties": {"title": title}}} for title in titles], deadline)
        except DeliveryFailed as error:
            if error.trouble is not Trouble.REJECTED:
                raise
            raise DeliveryFailed(Trouble.REJECTED, NO_TAB) from None

    def _write(self, sheet: str, row: Row, waiting: Sequence[Happening], deadline: Instant) -> int:
        """One read, one write; with events, one more of each kind of read: what is there before, and the proof after."""
        status = _quoted(self._place.worksheet)
        (homes,) = self._api.columns(sheet, [f"{status}!A1:A{MOST_HOMES}"], deadline)
        data: dict[str, Sequence[Row]] = {}
        if not homes or not homes[0]:
            data[f"{status}!A1:{_letter(STATUS_HEADER)}1"] = [STATUS_HEADER]
        at = _place_of(str(row[0]), homes)
        data[f"{status}!A{at}:{_letter(row)}{at}"] = [row]
        where, rows = self._missing(sheet, data, waiting, deadline) if waiting else ("", [])
        self._api.write(sheet, data, deadline)
        if rows:
            self._prove(sheet, where, rows, deadline)
        self._outbox.delivered(self.channel, [happening.id for happening in waiting])
        return len(waiting)

    def _missing(
        self, sheet: str, data: dict[str, Sequence[Row]], waiting: Sequence[Happening], deadline: Instant
    ) -> tuple[str, list[Row]]:
        """Adds to ``data`` the events that the log does not show; returns the place of their ids, and their rows."""
        log = _quoted(self._place.log)
        start = max(1, self._tabs[self._place.log].rows - TAIL)
        head, ids = self._api.columns(sheet, [f"{log}!A1:A1", f"{log}!A{start}:A"], deadline)
        if not ids and start > 1:  # thousands of empty rows below the last event
            start = 1
            (ids,) = self._api.columns(sheet, [f"{log}!A1:A"], deadline)
        if not head or not head[0]:
            data[f"{log}!A1:{_letter(EVENT_HEADER)}1"] = [EVENT_HEADER]
        there = set(ids)
        told = (event_row(each, show_addresses=self._place.show_addresses) for each in waiting)
        rows = [each for each in told if each[0] not in there]
        first = max(2, start + len(ids))
        last = first + len(rows) - 1
        if rows:
            self._make_room(sheet, last, deadline)
            data[f"{log}!A{first}:{_letter(EVENT_HEADER)}{last}"] = rows
        return f"{log}!A{first}:A{last}", rows

    def _prove(self, sheet: str, where: str, rows: Sequence[Row], deadline: Instant) -> None:
        """An event counts as told when it is seen in the sheet, not when somebody says 200."""
        (seen,) = self._api.columns(sheet, [where], deadline)
        if seen != [str(row[0]) for row in rows]:
            raise DeliveryFailed(Trouble.CONTENT, "the sheet does not show what was written")

    def _make_room(self, sheet: str, last_row: int, deadline: Instant) -> None:
        """A range beyond the grid is refused."""
        tab = self._tabs[self._place.log]
        if last_row <= tab.rows:
            return
        grow = {"appendDimension": {"sheetId": tab.id, "dimension": "ROWS", "length": last_row - tab.rows + GROWTH}}
        self._api.change(sheet, [grow], deadline)
        self._tabs = self._api.tabs(sheet, deadline)
        if self._place.log not in self._tabs or self._tabs[self._place.log].rows < last_row:
            raise DeliveryFailed(Trouble.CONTENT, "the tab did not grow")


def _place_of(site: str, homes: Sequence[str]) -> int:
    """The row of this home: where its name stands, else the first free one below the header."""
    if site in homes[1:]:
        return homes.index(site, 1) + 1
    free = next((number for number, name in enumerate(homes[1:], 2) if not name), max(2, len(homes) + 1))
    if free > MOST_HOMES:
        raise DeliveryFailed(Trouble.REJECTED, f"the tab has more than {MOST_HOMES} homes")
    return free


def _quoted(title: str) -> str:
    """A tab's title in A1 notation."""
    return "'" + title.replace("'", "''") + "'"


def _letter(row: Row) -> str:
    """The column of its last cell; no row here has more than 26."""
    return chr(ord("A") + len(row) - 1)
