"""The variables of favonia/cloudflare-ddns, as an env file or as ``docker inspect`` prints them.

Names and meanings: its README.markdown (https://github.com/favonia/cloudflare-ddns).
"""

from pathlib import Path

from cadence_exporter.settings.dotenv_file import read_dotenv
from cadence_exporter.settings.imports.carried import Carried, truth

PROGRAM = "favonia/cloudflare-ddns"
NAMES = ("DOMAINS", "IP4_DOMAINS", "IP6_DOMAINS")
TOKENS = ("CLOUDFLARE_API_TOKEN", "CF_API_TOKEN")

LEFT = {
    "UPDATE_CRON": "UPDATE_CRON: Cadence looks by its own rhythm, at once when it hears of a change (loop.interval, docs/TUNING.md)",
    "DELETE_ON_STOP": "DELETE_ON_STOP: Cadence never deletes a record",
    "CACHE_EXPIRATION": "CACHE_EXPIRATION: see dns.cache_max_age",
    "DETECTION_TIMEOUT": "DETECTION_TIMEOUT: see loop.probe_timeout",
    "UPDATE_TIMEOUT": "UPDATE_TIMEOUT: Cadence has one deadline for a whole action",
    "RECORD_COMMENT": "RECORD_COMMENT: Cadence leaves comments as they are and sets none",
    "MANAGED_RECORDS_COMMENT_REGEX": "MANAGED_RECORDS_COMMENT_REGEX: a record is pinned by its id, see `id` in docs/settings.md",
    "WAF_LISTS": "WAF_LISTS: Cadence keeps DNS records only",
    "HEALTHCHECKS": "HEALTHCHECKS: put the URL into a file and name it in heartbeat.url_file",
    "UPTIMEKUMA": "UPTIMEKUMA: put the URL into a file and name it in heartbeat.url_file",
    "SHOUTRRR": "SHOUTRRR: notify.urls takes Apprise URLs, which are written differently",
    "IP4_DETECTION_FILTER": "IP4_DETECTION_FILTER: networks that are not home go into public_ip.refuse",
    "IP6_DETECTION_FILTER": "IP6_DETECTION_FILTER: networks that are not home go into public_ip.refuse",
}
"""Settings without an equal, and where to look instead."""


def read(text: str) -> Carried:
    """Take over the domains, their families, and what new records were given."""
    carried = Carried(PROGRAM)
    variables, problems = read_dotenv(text, Path("/"))
    values = {name: variable.text for name, variable in variables.items()}
    if problems:
        carried.note(f"{len(problems)} lines are not NAME=value and were left out")
    for name in sorted(values.keys() & LEFT.keys()):
        carried.note(LEFT[name])
    carried.tokens |= {values[name] for name in TOKENS if name in values}
    for name in TOKENS:
        if f"{name}_FILE" in values:
            carried.secret_file(values[f"{name}_FILE"])
    four, six = _family(carried, values, "IP4_PROVIDER"), _family(carried, values, "IP6_PROVIDER")
    _domains(carried, values, "DOMAINS", (("A",) if four else ()) + (("AAAA",) if six else ()))
    _domains(carried, values, "IP4_DOMAINS", ("A",) if four else ())
    _domains(carried, values, "IP6_DOMAINS", ("AAAA",) if six else ())
    return carried


def _family(carried: Carried, values: dict[str, str], name: str) -> bool:
    provider = values.get(name, "cloudflare.trace")
    if provider in ("none", "static.empty"):
        return False
    if not provider.startswith(("cloudflare.", "url")):
        carried.note(
            f"{name}: Cadence asks from outside which address the home has (public_ip.echo), and takes it from nowhere else"
        )
    return True


def _domains(carried: Carried, values: dict[str, str], variable: str, types: tuple[str, ...]) -> None:
    proxied = truth(values["PROXIED"]) if "PROXIED" in values else None
    if proxied is None and "PROXIED" in values:
        carried.note(
            "PROXIED: an expression was left out; set `proxied` at each record, or leave it as it is at Cloudflare"
        )
    if types and values.get(variable) and (proxied is not None or values.get("TTL")):
        carried.note(
            "PROXIED, TTL: there they were for new records only; here they are kept so. Delete them to leave records as they are"
        )
    for domain in values.get(variable, "").split(","):
        name, _, host_id = domain.strip().partition("{")
        if host_id:
            carried.note("hostid6: Cadence publishes the address that this host is seen with")
        if name:
            carried.record(name, types, values.get("TTL", ""), proxied)
