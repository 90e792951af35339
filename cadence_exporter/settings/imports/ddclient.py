"""ddclient.conf: ``var=value, ... [host,host]`` a line, a backslash goes on; values without a host hold for all below.

Format: the comment at the head of ddclient.conf.in (https://github.com/ddclient/ddclient), and ddclient(8).
"""

import re
from collections.abc import Iterator

from cadence_exporter.settings.imports.carried import Carried, truth, word

PROGRAM = "ddclient"
_ASSIGNMENT = re.compile(r"[\s,]*([A-Za-z0-9_-]{1,40})\s*=\s*('[^']*'|\"[^\"]*\"|[^\s,]*)")
_OFF = {"", "no", "disabled", "none"}

LEFT = {
    "daemon": "daemon: Cadence looks by its own rhythm, at once when it hears of a change (loop.interval, docs/TUNING.md)",
    "use": "use, web: Cadence asks several services at once and believes what they agree on (public_ip.echo)",
    "usev4": "usev4, webv4: Cadence asks several services at once and believes what they agree on (public_ip.echo)",
    "usev6": "usev6, webv6: Cadence asks several services at once and believes what they agree on (public_ip.echo6)",
    "server": "server: names a provider's own API; where Cloudflare's is Cadence knows by itself",
    "proxy": "proxy: Cadence uses no proxy, whose address would be taken for the home's",
    "mail": "mail: messages go by notify.urls",
    "mail-failure": "mail-failure: messages go by notify.urls",
    "postscript": "postscript: Cadence runs no programs",
}
"""Settings without an equal, and where to look instead."""


def read(text: str) -> Carried:
    """Take over what is kept by ``protocol=cloudflare``."""
    carried = Carried(PROGRAM)
    common: dict[str, str] = {}
    for line in _lines(text):
        values, words = _assignments(line)
        for key in sorted(values.keys() & LEFT.keys()):
            carried.note(LEFT[key])
        if not words:
            common |= values
            continue
        if len(words) > 1:
            carried.note("a login or password behind a host's name was left out; the token goes into its file")
        _hosts(carried, common | values, words[0].split(","))
    return carried


def _lines(text: str) -> Iterator[str]:
    parts: list[str] = []
    for raw in [*text.splitlines(), ""]:
        part = re.sub(r"#.*", "", raw).rstrip()
        parts.append(part.removesuffix("\\"))
        if part.endswith("\\"):
            continue
        line = " ".join(parts).strip()
        parts = []
        if line:
            yield line


def _assignments(line: str) -> tuple[dict[str, str], list[str]]:
    values: dict[str, str] = {}
    place = 0
    while match := _ASSIGNMENT.match(line, place):
        values[match[1].lower()] = match[2].strip("'\"")
        place = match.end()
    rest = re.sub(r"\s*,\s*", ",", line[place:].strip(" \t,"))
    return values, rest.split()


def _hosts(carried: Carried, values: dict[str, str], names: list[str]) -> None:
    protocol = values.get("protocol", "dyndns2")
    if protocol != "cloudflare":
        for name in filter(None, names):
            carried.left(name, f"protocol={word(protocol)}: only cloudflare can be taken over")
        return
    _credentials(carried, values)
    for name in filter(None, names):
        carried.record(name, _types(carried, values), values.get("ttl", ""), truth(values.get("proxied", "")))


def _credentials(carried: Carried, values: dict[str, str]) -> None:
    if values.get("login", "token") not in ("", "token"):
        carried.note("login is an account here, so password may be the global API key: Cadence takes an API token only")
    if values.get("password"):
        carried.tokens.add(values["password"])


def _types(carried: Carried, values: dict[str, str]) -> tuple[str, ...]:
    six = values.get("usev6", "").lower() not in _OFF
    four = not six or any(values.get(key, "").lower() not in _OFF for key in ("use", "usev4"))
    if truth(values.get("ipv6", "")):
        carried.note("ipv6=yes: an AAAA record must be added by hand, if one is wanted")
    return (("A",) if four else ()) + (("AAAA",) if six else ())
