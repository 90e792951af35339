"""The Sheets calls that are needed (REST, v4), and what their refusals mean in a sentence. No word of an answer gets into it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.delivery import Trouble
from cadence_exporter.model.instants import Instant
from cadence_exporter.outbound.https import Answer, Https, Request
from cadence_exporter.record.sheets.account import SERVICE, Tokens
from cadence_exporter.record.sheets.rows import Row
from cadence_exporter.record.sinks.courier import DeliveryFailed, undelivered

SHEETS_URL = "https://sheets.googleapis.com"
DRIVE_URL = "https://www.googleapis.com"
_LARGEST = 4 * 1024 * 1024
"""A column of ids of some hundred thousand rows."""
_QUOTA_PAUSE_S = 60.0
"""Google's quotas are per minute."""

_REFUSALS = {
    400: (Trouble.REJECTED, "the API does not accept the request (400)"),
    401: (Trouble.AUTH, "the access token is not accepted (401)"),
    403: (
        Trouble.FORBIDDEN,
        "not allowed (403): share the sheet with the account's client_email as editor, and enable the Sheets API in its project",
    ),
    404: (Trouble.NOT_FOUND, "no such spreadsheet (404): sheets.spreadsheet must be its id, its URL or its exact name"),
    429: (Trouble.RATE_LIMITED, "too many requests (429)"),
}


@dataclass(frozen=True, slots=True)
class Tab:
    """One sheet of the spreadsheet."""

    id: int
    rows: int
    """How many the grid has; empty ones included."""


class SheetsApi:
    """Used by one lane. Everything raises DeliveryFailed."""

    def __init__(self, https: Https, tokens: Tokens, base_url: str | None) -> None:
        self._https = https
        self._tokens = tokens
        self._base = (base_url or SHEETS_URL).rstrip("/")
        self._drive = (base_url or DRIVE_URL).rstrip("/")

    def find(self, name: str, deadline: Instant) -> str:
        """The id of the one spreadsheet with this name that the account can see (Drive API v3, files.list)."""
        spoken = name.replace("\\", "\\\\").replace("'", "\\'")
        query = {
            "q": f"name = '{spoken}' and mimeType = 'application/vnd.google-apps.spreadsheet' and trashed = false",
            "fields": "files(id)",
            "pageSize": "2",
            "supportsAllDrives": "true",
            "includeItemsFromAllDrives": "true",
        }
        found = self._call("GET", f"{self._drive}/drive/v3/files?{urlencode(query)}", None, deadline).get("files")
        files = found if isinstance(found, list) else []
        ids = [entry["id"] for entry in files if isinstance(entry, dict) and "id" in entry]
        if not ids:
            raise DeliveryFailed(
                Trouble.NOT_FOUND, "no spreadsheet of this name is shared with the service account; or give its id"
            )
        if len(ids) > 1:
            raise DeliveryFailed(Trouble.REJECTED, "several spreadsheets have this name; give the id of the right one")
        return str(ids[0])

    def tabs(self, spreadsheet: str, deadline: Instant) -> dict[str, Tab]:
        """By title (spreadsheets.get)."""
        url = f"{self._of(spreadsheet)}?fields=sheets.properties(sheetId,title,gridProperties.rowCount)"
        try:
            return {
                str(entry["properties"]["title"]): Tab(
                    int(entry["properties"]["sheetId"]), int(entry["properties"]["gridProperties"]["rowCount"])
                )
                for entry in self._call("GET", url, None, deadline)["sheets"]
            }
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise _nonsense() from error

    def change(self, spreadsheet: str, requests: Sequence[Mapping[str, Any]], deadline: Instant) -> None:
        """Tabs and grids (spreadsheets.batchUpdate)."""
        self._call("POST", f"{self._of(spreadsheet)}:batchUpdate", {"requests": list(requests)}, deadline)

    def columns(self, spreadsheet: str, ranges: Sequence[str], deadline: Instant) -> list[list[str]]:
        """The first column of each range, as text, empty cells as empty text (spreadsheets.values.batchGet)."""
        query = urlencode([*(("ranges", each) for each in ranges), ("majorDimension", "COLUMNS")])
        given = self._call("GET", f"{self._of(spreadsheet)}/values:batchGet?{query}", None, deadline)
        try:
            columns = [(entry.get("values") or [[]])[0] for entry in given["valueRanges"]]
            found = [[str(value) for value in column] for column in columns]
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise _nonsense() from error
        if len(found) != len(ranges):
            raise _nonsense()
        return found

    def write(self, spreadsheet: str, data: Mapping[str, Sequence[Row]], deadline: Instant) -> None:
        """All or nothing, and RAW: nothing is evaluated (spreadsheets.values.batchUpdate)."""
        values = [{"range": where, "values": [list(row) for row in rows]} for where, rows in data.items()]
        body = {"valueInputOption": "RAW", "data": values}
        given = self._call("POST", f"{self._of(spreadsheet)}/values:batchUpdate", body, deadline)
        if given.get("totalUpdatedRows") != sum(len(rows) for rows in data.values()):
            raise DeliveryFailed(Trouble.CONTENT, "the API confirms other rows than were written")

    def _of(self, spreadsheet: str) -> str:
        return f"{self._base}/v4/spreadsheets/{quote(spreadsheet, safe='')}"

    def _call(self, method: str, url: str, body: Mapping[str, Any] | None, deadline: Instant) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._tokens.get(deadline)}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        try:
            answer = self._https.call(Request(SERVICE, url, method, headers, content, max_bytes=_LARGEST), deadline)
        except ProbeFailed as error:
            raise undelivered(error) from None
        if answer.status != 200:  # noqa: PLR2004 - HTTP
            raise self._refused(answer)
        try:
            given = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise _nonsense() from error
        if not isinstance(given, dict):
            raise _nonsense()
        return given

    def _refused(self, answer: Answer) -> DeliveryFailed:
        if answer.status == 401:  # noqa: PLR2004 - HTTP
            self._tokens.drop()
        trouble, why = _REFUSALS.get(answer.status, (Trouble.SERVER, f"the API answers {answer.status}"))
        pause = _retry_after(answer) if answer.status in (429, 503) else None
        return DeliveryFailed(trouble, why, retry_after_s=pause)


def _retry_after(answer: Answer) -> float:
    """Seconds (RFC 9110 section 10.2.3); a date, which Google does not send, counts as a quota's minute."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else _QUOTA_PAUSE_S  # noqa: PLR2004


def _nonsense() -> DeliveryFailed:
    return DeliveryFailed(Trouble.CONTENT, "not an answer of the Sheets API")
