"""The short variables that a home with one record needs. They lie below the ``CADENCE_`` variables and above the YAML file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cadence_exporter.settings.dotenv_file import NAME as DOTENV
from cadence_exporter.settings.environment import Variable, Variables
from cadence_exporter.settings.given import Given, Steps
from cadence_exporter.settings.keys import RECORDS
from cadence_exporter.settings.kinds import did_you_mean

NAMES = {
    "CLOUDFLARE_API_BASE_URL": "providers.cloudflare.base_url",
    "CLOUDFLARE_API_TOKEN": "providers.cloudflare.api_token",
    "CLOUDFLARE_API_TOKEN_FILE": "providers.cloudflare.api_token_file",
    "CLOUDFLARE_ZONE_ID": "providers.cloudflare.zone_id",
    "CYCLE_INTERVAL": "loop.interval",
    "ROUTER_IP": "router.address",
    "PLUG_IP": "recovery.device.host",
    "ALLOW_PHYSICAL_RECOVERY": "recovery.enabled",
    "LOG_LEVEL": "log.level",
    "GOOGLE_SHEET_NAME": "sheets.spreadsheet",
    "GOOGLE_WORKSHEET": "sheets.worksheet",
    "GOOGLE_SHEETS_CREDENTIALS": "sheets.credentials_file",
}
_JSON_ITSELF = {"sheets.credentials_file": "sheets.credentials"}
"""Where a variable may hold a file's path or its content."""
RECORD_NAME = "CLOUDFLARE_DNS_NAME"
RECORD_ID = "CLOUDFLARE_DNS_RECORD_ID"
PREFIX = "CLOUDFLARE_"
TIME_ZONE = "TZ"
"""Read by the C library, not by the settings."""


@dataclass
class Seed:
    """What the short variables say."""

    given: dict[str, Given] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def read_seed(variables: Variables, records_elsewhere: Given | None) -> Seed:
    """Their settings. A record named here yields to ``dns.records`` of any other layer, with a warning."""
    seed = Seed()
    for name, key in NAMES.items():
        if name in variables:
            variable = variables[name]
            where = _JSON_ITSELF.get(key, key) if variable.text.startswith("{") else key
            seed.given[where] = variable.given(_seconds(variable) if name == "CYCLE_INTERVAL" else variable.text)
    if "GOOGLE_SHEET_NAME" in variables and "GOOGLE_SHEETS_CREDENTIALS" in variables:
        seed.given["sheets.enabled"] = variables["GOOGLE_SHEETS_CREDENTIALS"].given(value=True)
    _record(seed, variables, records_elsewhere)
    seed.warnings += _unknown(variables)
    return seed


def _unknown(variables: Variables) -> Iterator[str]:
    """Only of ``.env``, which is ours: in the process other programs have variables that begin alike."""
    known = [*NAMES, RECORD_NAME, RECORD_ID]
    for name, variable in variables.items():
        if name.upper().startswith(PREFIX) and name not in known and variable.origin.startswith(DOTENV):
            yield f"{name}: is not a setting and counts for nothing ({variable.origin}){did_you_mean(name.upper(), known)}"


def _seconds(variable: Variable) -> str:
    return variable.text + "s" if re.fullmatch(r"[0-9]+(\.[0-9]+)?", variable.text) else variable.text


def _record(seed: Seed, variables: Variables, elsewhere: Given | None) -> None:
    name, pinned = variables.get(RECORD_NAME), variables.get(RECORD_ID)
    if name is None:
        if pinned is not None:
            seed.warnings.append(f"{RECORD_ID}: is not used without {RECORD_NAME}")
        return
    if elsewhere is not None:
        seed.warnings.append(f"{RECORD_NAME}: is not used, because {RECORDS} is set ({elsewhere.origin})")
        return
    record = {"name": name.text, "type": "A", "provider": "cloudflare"} | ({"id": pinned.text} if pinned else {})
    labels: dict[Steps, str] = dict.fromkeys(((0,), (0, "name"), (0, "type"), (0, "provider")), RECORD_NAME)
    places: dict[Steps, str] = {}
    if pinned is not None:
        labels[(0, "id")], places[(0, "id")] = RECORD_ID, pinned.where
    seed.given[RECORDS] = Given([record], name.origin, name.where, RECORD_NAME, name.base, places, labels)
