"""The sections of the providers: where records are kept. Attribute names are the keys of the YAML file."""

import base64
import binascii
import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from cadence_exporter.settings.endpoints import parse_host, parse_url
from cadence_exporter.settings.kinds import choice, location, read_by, secret
from cadence_exporter.settings.names import parse_name
from cadence_exporter.settings.sections import Port, Section

_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
"""The characters of a bearer token (RFC 6750 section 2.1). Anything else draws puzzling errors 6003 and 6111 from Cloudflare."""


def _zone(value: object) -> str:
    return parse_name(value, fewest_labels=1)


def _zone_id(value: object) -> str:
    """Cloudflare's own are 32 hexadecimal digits; what imitates its API may count differently."""
    text = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch(r"[0-9a-zA-Z_-]{1,64}", text):
        raise ValueError(
            "must be the zone's id, 32 hexadecimal digits in quotes (the zone's overview page at Cloudflare shows it)"
        )
    return text.lower() if re.fullmatch(r"[0-9a-fA-F]{32}", text) else text


def _token(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError(
            "contains a character that no API token has (a space, a quote?); copy it again (it is not shown here)"
        )
    return text


def _tsig_key(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("must be base64, as tsig-keygen and keymgr print it (it is not shown here)") from error
    return text


class CloudflareSettings(Section):
    """The Cloudflare API. The token needs Zone:DNS:Edit, and Zone:Zone:Read unless `zone_id` is given."""

    api_token: Annotated[SecretStr | None, secret("API token", _token)] = Field(
        default=None, description="An API token (not the global key)."
    )
    api_token_file: Annotated[Path | None, location()] = Field(
        default=None, description="A file that holds the token, instead of the token itself."
    )
    zone_id: Annotated[str | None, read_by("zone id", _zone_id, nullable=True)] = Field(
        default=None, description="The zone of all Cloudflare records. Left out: found by the records' names."
    )
    base_url: Annotated[str, read_by("URL", parse_url)] = Field(
        default="https://api.cloudflare.com/client/v4", description="Where the API is."
    )


class Rfc2136Settings(Section):
    """A DNS server that takes dynamic updates (RFC 2136): BIND, Knot, PowerDNS. It may stand anywhere, also in the home."""

    server: Annotated[str | None, read_by("host or address", parse_host, nullable=True)] = Field(
        default=None, description="The primary server."
    )
    port: Port = Field(default=53, description="Its port.")
    zone: Annotated[str | None, read_by("DNS name", _zone, nullable=True)] = Field(
        default=None, description="The zone that is updated; the records' names must lie in it."
    )
    tsig_name: Annotated[str | None, read_by("DNS name", _zone, nullable=True)] = Field(
        default=None, description="Name of the TSIG key (RFC 8945)."
    )
    tsig_key: Annotated[SecretStr | None, secret("base64", _tsig_key)] = Field(
        default=None, description="The TSIG key itself."
    )
    tsig_key_file: Annotated[Path | None, location()] = Field(
        default=None, description="A file that holds the TSIG key, instead of the key itself."
    )
    tsig_algorithm: Annotated[
        str, choice("hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha224", "hmac-sha1", "hmac-md5")
    ] = Field(default="hmac-sha256", description="The algorithm of the TSIG key.")


class FileSettings(Section):
    """A file in hosts format that dnsmasq, Pi-hole, AdGuard and unbound can read."""

    path: Annotated[Path | None, location()] = Field(
        default=None, description="The file; default `hosts` in `state_dir`."
    )


class ProvidersSettings(Section):
    """Where records are kept."""

    cloudflare: CloudflareSettings = CloudflareSettings()
    rfc2136: Rfc2136Settings = Rfc2136Settings()
    file: FileSettings = FileSettings()
