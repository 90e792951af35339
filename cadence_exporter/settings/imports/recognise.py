"""Whose settings a text holds, and reading them."""

import re

from cadence_exporter.errors import Problem, SettingsError
from cadence_exporter.settings.imports import ddclient, ddns_updater, favonia, inadyn
from cadence_exporter.settings.imports.carried import Carried

READERS = {
    "ddclient": ddclient.read,
    "inadyn": inadyn.read,
    "favonia": favonia.read,
    "ddns-updater": ddns_updater.read,
}
"""The names that ``--from`` takes."""

_MARKS = (
    ("ddns-updater", re.compile(r"\A\s*\{")),
    ("inadyn", re.compile(r"^[ \t]*(?:provider|custom)[ \t]+\S{1,100}[ \t]*\{", re.MULTILINE)),
    ("ddclient", re.compile(r"^[^#\n]{0,500}\bprotocol[ \t]*=", re.MULTILINE)),
    ("favonia", re.compile(r"^[ \t]*(?:export[ \t]+)?(?:DOMAINS|IP4_DOMAINS|IP6_DOMAINS)[ \t]*=", re.MULTILINE)),
)

_DESERT = re.compile(r"[^\S\r\n]{100,}")
"""Blanks that no person wrote: looking for what may follow them, word by word, would take minutes."""


def take_over(text: str, name: str, program: str | None) -> Carried:
    """What can be taken over from the file called ``name``. Raises SettingsError when that is nothing."""
    text = _DESERT.sub(" ", text)
    program = program or next((known for known, mark in _MARKS if mark.search(text)), None)
    if program is None:
        raise _error(name, f"is not recognised; say whose it is: --from {'|'.join(READERS)}")
    try:
        carried = READERS[program](text)
    except ddns_updater.NotItsForm as error:
        raise _error(name, f"as settings of {program}: {error}") from None
    if not carried.records:
        reasons = "".join(f"; {note}" for note in carried.notes)
        raise _error(name, f"holds no record at Cloudflare that could be taken over from {carried.program}{reasons}")
    return carried


def _error(name: str, text: str) -> SettingsError:
    return SettingsError((Problem(name, "", text),))
