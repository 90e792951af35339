"""How one fact looks in each of the three log formats."""

import json
import re
from datetime import UTC, datetime
from enum import StrEnum

from cadence_exporter.model.instants import WallTime
from cadence_exporter.record.log.journal import Fact
from cadence_exporter.record.log.plain import padded, plain

SUBJECT_COLUMNS = 11
STATUS_COLUMNS = 10
DETAIL_COLUMNS = 34

_BARE = re.compile(r"[^\s\"=\\]+")
"""A logfmt value that needs no quotes."""


class Format(StrEnum):
    """The log formats of the settings."""

    CONSOLE = "console"
    JSON = "json"
    LOGFMT = "logfmt"


def milliseconds(seconds: float) -> str:
    """``9ms``; below one millisecond ``0.3ms``."""
    value = 1000.0 * seconds
    return f"{value:.1f}ms" if value < 1 else f"{value:.0f}ms"


def render(fact: Fact, at: WallTime, form: Format, common: dict[str, str], *, timed: bool = True) -> str:
    """One line, without its newline. ``common`` (site, cycle id) goes on each line of the machine-readable formats.

    ``timed`` is False where somebody else writes the time before each line: then the one for people has none of its own.
    """
    if form is Format.CONSOLE:
        return f"{_clock(at)} {_console(fact)}" if timed else _console(fact)
    fields = _fields(fact, at, common)
    if form is Format.JSON:
        return json.dumps(fields, ensure_ascii=False)
    return " ".join(f"{key}={_quoted(value)}" for key, value in fields.items())


def _clock(at: WallTime) -> str:
    return _local(at).strftime("%H:%M:%S")


def _console(fact: Fact) -> str:
    detail = plain(f"{fact.named}={fact.detail}" if fact.named else fact.detail)
    columns = f"{padded(fact.subject, SUBJECT_COLUMNS)} {padded(fact.status, STATUS_COLUMNS)} {padded(detail, DETAIL_COLUMNS)} "
    extras = " | ".join(plain(f"{key}={value}") for key, value in fact.extras.items())
    return f"{fact.icon} {columns}{'| ' + extras if extras else ''}".rstrip()


def _fields(fact: Fact, at: WallTime, common: dict[str, str]) -> dict[str, str]:
    fields = {"ts": _local(at).isoformat(timespec="milliseconds"), "level": fact.level.label}
    fields |= {key: plain(value) for key, value in common.items() if value}
    fields |= {"subject": fact.subject, "status": fact.status}
    if any(char.isalnum() for char in fact.detail):
        fields[fact.named or "message"] = plain(fact.detail)
    return fields | {key: plain(value) for key, value in fact.extras.items()}


def _quoted(value: str) -> str:
    return value if _BARE.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _local(at: WallTime) -> datetime:
    """The local time, with its zone; a clock that is out of range counts as 1970."""
    try:
        return datetime.fromtimestamp(at, tz=UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0, tz=UTC)
