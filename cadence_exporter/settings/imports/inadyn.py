"""inadyn.conf: ``key = value``, and ``provider NAME[:ID] { ... }`` with such lines in it. Format: inadyn.conf(5)."""

import re
from collections.abc import Iterator

from cadence_exporter.settings.imports.carried import Carried, truth, word

PROGRAM = "inadyn"
# What is not closed goes on to the end of the file, so that no input is read twice.
_TOKEN = re.compile(
    r"""\#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z)                  # comments
      | "(?:[^"\\]|\\.)*(?:"|\\?\Z) | '[^']*(?:'|\Z)      # strings
      | [{}=,]                                          # marks
      | [^\s{}=,"'\#]+(?:=+(?=\s|\Z))?                  # words; a token may end in the padding of base64
    """,
    re.VERBOSE | re.DOTALL,
)

LEFT = {
    "period": "period: Cadence looks by its own rhythm, at once when it hears of a change (loop.interval, docs/TUNING.md)",
    "forced-update": "forced-update: Cadence asks resolvers instead, each dns.cache_max_age, and writes only what is wrong",
    "checkip-server": "checkip-server: Cadence asks several services and believes what they agree on (public_ip.echo)",
    "checkip-command": "checkip-command: Cadence runs no programs",
    "iface": "iface: Cadence asks from outside which address the home has",
    "exec": "exec: Cadence runs no programs",
    "wildcard": "wildcard: name the record itself, such as *.example.com",
    "proxy": "proxy: Cadence uses no proxy, whose address would be taken for the home's",
}
"""Settings without an equal, and where to look instead."""


def read(text: str) -> Carried:
    """Take over what is kept at provider ``cloudflare.com``."""
    carried = Carried(PROGRAM)
    section: str | None = None
    values: dict[str, list[str]] = {}
    for kind, what, items in _statements(text):
        if kind == "open":
            section, values = what, {}
        elif kind == "close":
            _close(carried, section, values)
            section = None
        else:
            if what in LEFT:
                carried.note(LEFT[what])
            if what == "allow-ipv6" and truth(items[0] if items else ""):
                carried.note(
                    "allow-ipv6: records of provider cloudflare.com are taken as A, those of ipv6@cloudflare.com as AAAA"
                )
            values[what] = items
    if section is not None:
        _close(carried, section, values)
    return carried


def _close(carried: Carried, section: str | None, values: dict[str, list[str]]) -> None:
    if section is None:
        return
    service, _, _ = section.partition(":")
    if service not in ("cloudflare.com", "default@cloudflare.com", "ipv6@cloudflare.com", "cloudflare"):
        for name in values.get("hostname", []) + values.get("alias", []) or [""]:
            carried.left(name, f"provider {word(service)}: only cloudflare.com can be taken over")
        return
    carried.tokens |= set(values.get("password", [])[:1])
    kind = "AAAA" if service.startswith("ipv6@") else "A"
    for name in values.get("hostname", []) + values.get("alias", []):
        carried.record(name, (kind,), _first(values, "ttl"), truth(_first(values, "proxied")))


def _first(values: dict[str, list[str]], key: str) -> str:
    return values.get(key, [""])[0] if values.get(key) else ""


def _statements(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """(open, provider's name, []), (close, "", []) and (set, key, values), in the order of the file."""
    words = [piece for piece in _TOKEN.findall(text) if not piece.startswith(("#", "//", "/*"))]
    place = 0
    while place < len(words):
        piece, rest = words[place], words[place + 1 : place + 3]
        if piece in ("provider", "custom") and len(rest) > 1 and rest[1] == "{":
            yield "open", _plain(rest[0]) if piece == "provider" else "custom", []
            place += 3
        elif rest[:1] == ["="] and piece not in "{}=,":
            items, place = _value(words, place + 2)
            yield "set", piece.lower(), items
        else:
            if piece == "}":
                yield "close", "", []
            place += 1


def _value(words: list[str], place: int) -> tuple[list[str], int]:
    """One value, or a list in braces; and where it ends."""
    if words[place : place + 1] != ["{"]:
        return [_plain(piece) for piece in words[place : place + 1]], place + 1
    end = place + 1
    while end < len(words) and words[end] != "}":
        end += 1
    return [_plain(piece) for piece in words[place + 1 : end] if piece not in ",={"], end + 1


def _plain(piece: str) -> str:
    return piece[1:-1] if piece[:1] in "\"'" and piece[-1:] == piece[:1] and len(piece) > 1 else piece
