"""config.json of qdm12/ddns-updater: ``{"settings": [{"provider": ...}, ...]}``.

Keys and meanings: its docs/cloudflare.md (https://github.com/qdm12/ddns-updater).
"""

import json

from cadence_exporter.settings.imports.carried import LONGEST_TTL, Carried, word

PROGRAM = "qdm12/ddns-updater"
_TYPES = {"ipv4": ("A",), "ipv6": ("AAAA",)}


class NotItsForm(ValueError):
    """The text is not such a file. The message names no value in it."""


def read(text: str) -> Carried:
    """Take over the entries of provider ``cloudflare``. Raises NotItsForm."""
    carried = Carried(PROGRAM)
    for entry in _entries(text):
        if not isinstance(entry, dict):
            carried.note("an entry of settings is no object and was left out")
            continue
        provider = entry.get("provider")
        if provider != "cloudflare":
            name = word(provider) if isinstance(provider, str) else "(none given)"
            for host in _names(entry) or [""]:
                carried.left(host, f"provider {name}: only cloudflare can be taken over")
            continue
        _entry(carried, entry)
    return carried


def _entries(text: str) -> list[object]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise NotItsForm(f"is not JSON{line}") from None
    entries = document.get("settings") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise NotItsForm('has no list "settings"')
    return entries


def _entry(carried: Carried, entry: dict[str, object]) -> None:
    if _text(entry, "token"):
        carried.tokens.add(_text(entry, "token"))
    if _text(entry, "key") or _text(entry, "user_service_key"):
        carried.note("a global API key or user service key was left out: Cadence takes an API token only")
    if _text(entry, "zone_identifier"):
        carried.zone_id(_text(entry, "zone_identifier"))
    if _text(entry, "ipv6_suffix"):
        carried.note("ipv6_suffix: Cadence publishes the address that this host is seen with")
    version = _text(entry, "ip_version") or "ipv4 or ipv6"
    if version not in _TYPES:
        carried.note('ip_version "ipv4 or ipv6": taken as A; add an AAAA record by hand, if one is wanted')
    proxied = entry.get("proxied")
    for name in _names(entry):
        carried.record(
            name, _TYPES.get(version, ("A",)), _number(entry, "ttl"), proxied if isinstance(proxied, bool) else None
        )


def _names(entry: dict[str, object]) -> list[str]:
    """Older files have the part before the domain in ``host``, with ``@`` for the domain itself."""
    domains = [name.strip() for name in _text(entry, "domain").split(",") if name.strip()]
    hosts = [host.strip() for host in _text(entry, "host").split(",") if host.strip()] or ["@"]
    return [domain if host == "@" else f"{host}.{domain}" for domain in domains for host in hosts]


def _text(entry: dict[str, object], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _number(entry: dict[str, object], key: str) -> str:
    value = entry.get(key)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LONGEST_TTL else ""
