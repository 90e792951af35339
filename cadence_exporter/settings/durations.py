"""Durations as people write them: ``500ms``, ``30s``, ``5m``, ``1h``, ``1d``, and sums such as ``1h30m``. In code: float seconds."""
# ruff: noqa: TRY004 - pydantic collects ValueError; a TypeError would end the reading at the first mistake

import re

UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
"""Seconds in each unit, longest first. There is no month and no year: their length is a matter of opinion."""

_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)", re.ASCII)
_WHOLE = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)

MOST_S = 366 * 86400.0
"""More than a year is a slip of the keyboard, and would overflow timers elsewhere."""

EXAMPLES = "500ms, 30s, 5m, 1h or 1d"


def parse_duration(value: object) -> float:
    """Seconds. Raises ValueError with a sentence that says what to write."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"must be a duration such as {EXAMPLES}")
    text = str(value).strip().lower()
    if text in ("0", "0.0"):
        return 0.0
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        raise ValueError(f"has no unit; write {text}s for seconds, or {text}m for minutes")
    if not _WHOLE.fullmatch(text):
        shown = text if len(text) <= 40 and text.isprintable() else "this"  # noqa: PLR2004 - a line must stay readable
        raise ValueError(f"{shown!r} is not a duration; write it as {EXAMPLES}")
    seconds = sum(float(number) * UNITS[unit] for number, unit in _PART.findall(text))
    if seconds > MOST_S:
        raise ValueError("is longer than a year")
    return round(seconds, 9)


def format_duration(seconds: float) -> str:
    """The shortest spelling that ``parse_duration`` reads as the same number of seconds."""
    if seconds == 0:
        return "0s"
    for unit in ("d", "h", "m", "s"):
        count = seconds / UNITS[unit]
        if count == int(count):
            return f"{int(count)}{unit}"
    if seconds >= 1:
        return f"{seconds:.9f}".rstrip("0") + "s"
    return f"{seconds * 1000:.6f}".rstrip("0").rstrip(".") + "ms"
