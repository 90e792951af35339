"""Wall-clock times and spans for people and for JSON. A wall clock may say anything; then it is left out."""

from datetime import UTC, datetime

from cadence_exporter.model.instants import WallTime

NONE = "\N{EM DASH}"
"""Shown where there is nothing to show, as in the log."""


def iso(wall: WallTime | None) -> str | None:
    """RFC 3339 in UTC with whole seconds, or ``None`` when there is no such time."""
    try:
        return (
            None
            if wall is None
            else datetime.fromtimestamp(wall, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        )
    except (OverflowError, OSError, ValueError):
        return None


def local(stamp: str | None) -> str:
    """An RFC 3339 time as a person at this machine (its ``TZ``) reads it; a dash when there is none."""
    try:
        return datetime.fromisoformat(stamp).astimezone().strftime("%a %d %b %Y %H:%M:%S %Z") if stamp else NONE
    except (OverflowError, OSError, ValueError):
        return stamp or NONE


def moment(stamp: str | None, now: WallTime) -> str:
    """The same, as short as it can be: the time of day, and the day when it is not today."""
    full = local(stamp)
    words = full.split()
    if len(words) != 6:  # noqa: PLR2004 - day of the week, day, month, year, time, zone
        return full
    today = words[:4] == local(iso(now)).split()[:4]
    return words[4] if today else f"{words[1]} {words[2]} {words[4][:5]}"


def span(seconds: float | None) -> str:
    """A length of time in the two units that matter: ``45 s``, ``3 min 20 s``, ``5 h 2 min``, ``12 d 4 h``."""
    if seconds is None:
        return NONE
    whole = max(0, round(seconds))
    minutes, s = divmod(whole, 60)
    hours, m = divmod(minutes, 60)
    d, h = divmod(hours, 24)
    for big, big_unit, small, small_unit in ((d, "d", h, "h"), (h, "h", m, "min"), (m, "min", s, "s")):
        if big:
            return f"{big} {big_unit} {small} {small_unit}" if small else f"{big} {big_unit}"
    return f"{s} s"
