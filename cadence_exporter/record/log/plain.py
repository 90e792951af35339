"""Making outside text harmless for a terminal and for line-based logs, and measuring how wide text is on a terminal."""

import unicodedata

MAX_TEXT = 300
"""Characters of one value. A server's error page must not become a log line of a megabyte."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def plain(text: str, limit: int = MAX_TEXT) -> str:
    """``text`` on one line, without control, format, private or surrogate characters (terminal escapes, bidi overrides), cut to size."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(_REPLACEMENT if _is_harmful(char) else char for char in text)


def _is_harmful(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def width(text: str) -> int:
    """Columns on a terminal: wide and full-width characters (emoji, CJK) take two, combining marks none (UAX #11)."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def padded(text: str, columns: int) -> str:
    """``text`` filled with spaces to ``columns``; longer text stays whole."""
    return text + " " * max(0, columns - width(text))
