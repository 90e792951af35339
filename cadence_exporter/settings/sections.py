"""The sections of the settings that this version acts on: names, kinds, defaults and meanings. Durations are float seconds."""

import base64
import binascii
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.settings.endpoints import HIGHEST_PORT, parse_address, parse_host, parse_target, parse_url
from cadence_exporter.settings.kinds import (
    choice,
    duration,
    flag,
    line,
    list_of,
    location,
    number,
    optional_flag,
    read_by,
    secret,
    whole,
)
from cadence_exporter.settings.names import parse_name

Provider = Literal["cloudflare", "rfc2136", "file"]
Port = Annotated[int, whole(1, HIGHEST_PORT)]

ECHO_IPV4 = (
    "https://api.ipify.org",
    "https://ipv4.icanhazip.com",
    "https://ifconfig.me/ip",
    "https://1.1.1.1/cdn-cgi/trace",
)
ECHO_IPV6 = (
    "https://api6.ipify.org",
    "https://ipv6.icanhazip.com",
    "https://ifconfig.me/ip",
    "https://[2606:4700:4700::1111]/cdn-cgi/trace",
)
TRUTH = ("https://cloudflare-dns.com/dns-query", "https://dns.google/dns-query")
WAN_TARGETS = ("tls://1.1.1.1:443", "tls://9.9.9.9:443")

_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
"""The characters of a bearer token (RFC 6750 section 2.1). Anything else draws puzzling errors 6003 and 6111 from Cloudflare."""


def _target(value: object) -> str:
    parse_target(value)
    return str(value).strip()


def _router(value: object) -> str:
    return "auto" if str(value).strip().lower() == "auto" else parse_address(value)


def _zone(value: object) -> str:
    return parse_name(value, fewest_labels=1)


def _zone_id(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{32}", value.strip()):
        raise ValueError(
            "must be the zone's id, 32 hexadecimal digits in quotes (the zone's overview page at Cloudflare shows it)"
        )
    return value.strip().lower()


def _record_id(value: object) -> str:
    text = line(value, 64)
    if not re.fullmatch(r"[0-9A-Za-z_-]+", text):
        raise ValueError("must be the provider's id of the record: letters and digits only")
    return text


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


class Section(BaseModel):
    """Closed and frozen: an unknown key is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class LogSettings(Section):
    """What is written to stdout."""

    level: Annotated[
        str,
        choice("debug", "info", "warning", "error", aliases={"warn": "warning", "critical": "error", "fatal": "error"}),
    ] = Field(default="info", description="The least important lines that are written.")
    format: Annotated[str, choice("console", "json", "logfmt")] = Field(
        default="console", description="Lines for people, or the same facts as JSON objects or as key=value."
    )


class LoopSettings(Section):
    """How often Cadence looks."""

    interval: Annotated[float, duration(0.1, 86400)] = Field(
        default=60.0, description="The base of every wait; the next three shape it."
    )
    fast_factor: Annotated[float, number(0.01, 100)] = Field(
        default=0.5, description="The base is multiplied with this while not UP."
    )
    slow_factor: Annotated[float, number(0.01, 100)] = Field(
        default=3.0, description="The base is multiplied with this while UP."
    )
    jitter: Annotated[float, duration(0, 3600)] = Field(
        default=10.0, description="Up to this much is added to every wait, by chance."
    )
    confirmations: Annotated[int, whole(1, 20)] = Field(
        default=2, description="Agreeing observations in a row before UP, and before a new address may be published."
    )
    confirm_spacing: Annotated[float, duration(0, 3600)] = Field(
        default=3.0, description="How soon the confirming observation is made when a change was seen."
    )
    probe_timeout: Annotated[float, duration(0.01, 300)] = Field(
        default=8.0,
        description="A probe that has not answered by then has failed. At most `loop.interval` x `loop.fast_factor`.",
    )


class RouterSettings(Section):
    """The router of the home."""

    address: Annotated[str, read_by("`auto` or IP address", _router)] = Field(
        default="auto", description="`auto` follows the default gateway, also when it changes."
    )
    probe: Annotated[str, choice("auto", "arp", "icmp", "tcp")] = Field(
        default="auto",
        description="How the router is asked whether it is alive; `auto` takes the best that privileges allow.",
    )
    tcp_port: Port = Field(
        default=80, description="Where the `tcp` probe knocks; a refusal proves the router alive, too."
    )
    natpmp: Annotated[bool, flag()] = Field(
        default=True,
        description="Ask the router for its WAN address (NAT-PMP). Its word has no vote: it spares calls, and it can veto.",
    )
    natpmp_port: Port = Field(default=5351, description="UDP port of NAT-PMP.")
    upnp: Annotated[bool, flag()] = Field(default=True, description="The same by UPnP. Not in this version.")


class WanSettings(Section):
    """The path to the internet."""

    targets: Annotated[tuple[str, ...], list_of("`tcp://host:port` or `tls://host:port`", _target)] = Field(
        default=WAN_TARGETS,
        description="The path works when one of them answers; it fails when all fail in one observation.",
    )
    trace: Annotated[bool, flag()] = Field(
        default=True, description="On failure, find the hop where the path breaks. Not in this version."
    )


class PublicIpSettings(Section):
    """How the public address is found out."""

    families: Annotated[
        tuple[Family, ...], list_of("`ipv4`, `ipv6`", lambda value: Family(choice("ipv4", "ipv6").parse(value)))
    ] = Field(default=(Family.IPV4,), description="The families that are watched and published.")
    quorum: Annotated[int, whole(1, 16)] = Field(
        default=2,
        description="How many independent echo services must agree in one observation. Services of one operator count once.",
    )
    echo: Annotated[tuple[str, ...], list_of("URLs", parse_url)] = Field(
        default=ECHO_IPV4, description="Services that answer with the IPv4 address they see."
    )
    echo6: Annotated[tuple[str, ...], list_of("URLs", parse_url)] = Field(
        default=ECHO_IPV6, description="The same for IPv6; used when `public_ip.families` contains ipv6."
    )
    cross_check: Annotated[float, duration()] = Field(
        default=3600.0, description="How often they are all asked while UP and nothing hints at a change."
    )


class RecordSettings(Section):
    """One DNS record to keep."""

    name: Annotated[str, read_by("DNS name", parse_name)] = Field(
        description="Full name; `*.example.com` and names with umlauts are understood."
    )
    type: Annotated[RecordType, read_by("A or AAAA", lambda value: RecordType(choice("A", "AAAA").parse(value)))] = (
        Field(default=RecordType.A, description="`A` holds the IPv4 address, `AAAA` the IPv6 address.")
    )
    ttl: Annotated[int | None, whole(1, 86400, nullable=True)] = Field(
        default=None, description="Seconds, 60 to 86400, or 1 for automatic at Cloudflare. Left out: never touched."
    )
    proxied: Annotated[bool | None, optional_flag()] = Field(
        default=None, description="Cloudflare's proxy; WireGuard needs `false`. Left out: never touched."
    )
    provider: Annotated[Provider, choice("cloudflare", "rfc2136", "file")] = Field(
        default="file", description="Where the record is kept."
    )
    id: Annotated[str | None, read_by("record id", _record_id, nullable=True)] = Field(
        default=None, description="The provider's id of the record, to pin exactly one (Cloudflare)."
    )
    create: Annotated[bool, flag()] = Field(default=True, description="Whether a missing record may be created.")


DEFAULT_RECORD = RecordSettings(name="vpn.home.arpa")
"""Kept when no record is named; home.arpa is the zone for use inside homes (RFC 8375)."""


class DnsSettings(Section):
    """What is published, and how it is checked."""

    records: tuple[RecordSettings, ...] = Field(default=(DEFAULT_RECORD,), description="The records to keep.")
    truth: Annotated[tuple[str, ...], list_of("URLs", parse_url)] = Field(
        default=TRUTH, description="DNS-over-HTTPS resolvers that say what the world sees."
    )
    cache_max_age: Annotated[float, duration()] = Field(
        default=3600.0,
        description="A record verified less than this ago, with the wanted address, causes no traffic at all.",
    )
    max_changes_per_day: Annotated[int, whole(1, 1000)] = Field(
        default=24, description="Writes per record in 24 hours; beyond it: hold."
    )


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
