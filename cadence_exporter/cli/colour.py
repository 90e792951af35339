"""Colour for who reads on a terminal; plain text for files, pipes, and whoever set ``NO_COLOR`` (no-color.org)."""

from collections.abc import Callable, Mapping
from typing import TextIO

Paint = Callable[[str, str], str]
"""Text and the name of a colour (empty: none) -> what to write."""

_CODES = {"green": "32", "yellow": "33", "red": "31", "dim": "2", "bold": "1"}
OF_STATE = {"UP": "green", "DEGRADED": "yellow", "DOWN": "red"}


def paint_for(out: TextIO, environ: Mapping[str, str]) -> Paint:
    """How to colour what goes to ``out``."""
    wanted = out.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return _coloured if wanted else plainly


def plainly(text: str, colour: str) -> str:
    """No colour at all."""
    del colour
    return text


def _coloured(text: str, colour: str) -> str:
    code = _CODES.get(colour)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text
