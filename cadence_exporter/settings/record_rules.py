"""What must hold between the records and the rest of the settings. Pure."""

from collections.abc import Iterator

from cadence_exporter.settings.names import is_within
from cadence_exporter.settings.schema import Settings
from cadence_exporter.settings.sections import RecordSettings

AUTOMATIC_TTL = 1
"""Cloudflare's way of writing "as you think best"."""

SHORTEST_CLOUDFLARE_TTL = 60

BrokenRecord = tuple[str, tuple[str, ...], str]
"""Key to report, other keys that take part, sentence."""


def broken_records(settings: Settings) -> Iterator[BrokenRecord]:
    """Every rule about records that is broken."""
    first: dict[tuple[str, str], int] = {}
    for position, record in enumerate(settings.dns.records):
        key = f"dns.records[{position}]"
        same = first.setdefault((record.name, record.type), position)
        if same != position:
            yield f"{key}.name", (), f"{record.name} {record.type} is listed twice (entry {same + 1}); keep one of them"
        yield from _one(key, record, settings)
    yield from _cloudflare(settings)
    yield from _rfc2136(settings)


def _one(key: str, record: RecordSettings, settings: Settings) -> Iterator[BrokenRecord]:
    family = record.type.family
    if family not in settings.public_ip.families:
        text = (
            f"{record.name} is of type {record.type}, but {family} is not watched; add {family} to public_ip.families"
        )
        yield f"{key}.type", ("public_ip.families",), text
    at_cloudflare = record.provider == "cloudflare"
    if (
        at_cloudflare
        and record.ttl is not None
        and record.ttl != AUTOMATIC_TTL
        and record.ttl < SHORTEST_CLOUDFLARE_TTL
    ):
        yield f"{key}.ttl", (), f"is {record.ttl}, but Cloudflare takes 60 to 86400 seconds, or 1 for automatic"
    if not at_cloudflare and record.proxied is not None:
        yield (
            f"{key}.proxied",
            (),
            f"is for Cloudflare only, and the provider of {record.name} is {record.provider}; remove it",
        )
    if not at_cloudflare and record.id is not None:
        yield (
            f"{key}.id",
            (),
            f"is for Cloudflare only, and the provider of {record.name} is {record.provider}; remove it",
        )
    if record.provider == "file" and record.name.startswith("*."):
        yield f"{key}.name", (), f"{record.name} cannot be kept in a hosts file, which knows no wildcards"


def _cloudflare(settings: Settings) -> Iterator[BrokenRecord]:
    users = _users(settings, "cloudflare")
    if users and settings.providers.cloudflare.api_token is None:
        text = (
            f"{users[0][1].name} is kept at Cloudflare, but there is no API token; set CLOUDFLARE_API_TOKEN in the environment or in .env, "
            "or providers.cloudflare.api_token_file"
        )
        yield users[0][0], ("providers.cloudflare.api_token",), text


def _rfc2136(settings: Settings) -> Iterator[BrokenRecord]:
    rfc2136 = settings.providers.rfc2136
    if (rfc2136.tsig_name is None) != (rfc2136.tsig_key is None):
        have, lack = ("tsig_name", "tsig_key") if rfc2136.tsig_key is None else ("tsig_key", "tsig_name")
        text = f"is set without {lack}; a TSIG key needs both, or neither for unsigned updates"
        yield f"providers.rfc2136.{have}", (f"providers.rfc2136.{lack}",), text
    users = _users(settings, "rfc2136")
    for name in ("server", "zone"):
        if users and getattr(rfc2136, name) is None:
            keys = (f"providers.rfc2136.{name}",)
            yield users[0][0], keys, f"{users[0][1].name} is kept by rfc2136, but providers.rfc2136.{name} is not set"
    for key, record in users:
        if rfc2136.zone is not None and not is_within(record.name, rfc2136.zone):
            text = f"{record.name} does not lie in providers.rfc2136.zone, which is {rfc2136.zone}"
            yield f"{key}.name", ("providers.rfc2136.zone",), text


def _users(settings: Settings, provider: str) -> list[tuple[str, RecordSettings]]:
    return [
        (f"dns.records[{position}]", record)
        for position, record in enumerate(settings.dns.records)
        if record.provider == provider
    ]
