"""The sections of the settings that this version acts on: names, kinds, defaults and meanings. Durations are float seconds."""

import re
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cadence_exporter.model.address import Family, RecordType
from cadence_exporter.settings.endpoints import (
    HIGHEST_PORT,
    parse_network,
    parse_stun,
    parse_target,
    parse_url,
)
from cadence_exporter.settings.kinds import (
    Kind,
    choice,
    duration,
    flag,
    line,
    list_of,
    number,
    optional_flag,
    read_by,
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
    "https://checkip.amazonaws.com",
)
ECHO_IPV6 = (
    "https://api6.ipify.org",
    "https://ipv6.icanhazip.com",
    "https://ifconfig.me/ip",
    "https://[2606:4700:4700::1111]/cdn-cgi/trace",
)
TRUTH = ("https://cloudflare-dns.com/dns-query", "https://dns.google/dns-query")
STUN_SERVERS = ("stun://stun.cloudflare.com:3478", "stun://stun.l.google.com:19302")
WAN_TARGETS = ("tls://1.1.1.1:443", "tls://9.9.9.9:443")


def _target(value: object) -> str:
    parse_target(value)
    return str(value).strip()


def _stun(value: object) -> str:
    parse_stun(value)
    return str(value).strip().lower()


def _servers_or_off(value: object) -> tuple[str, ...]:
    alone = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
    off = isinstance(alone, str | bool) and str(alone).strip().lower() in ("off", "false", "no")
    servers: tuple[str, ...] = () if off else _STUN_LIST.parse(value)
    return servers


_STUN_LIST = list_of("STUN servers", _stun, least=0, most=8)
_TRIPWIRE = Kind("list of `stun://host:port`, or `off`", _servers_or_off, many=True)


def _record_id(value: object) -> str:
    text = line(value, 64)
    if not re.fullmatch(r"[0-9A-Za-z_-]+", text):
        raise ValueError("must be the provider's id of the record: letters and digits only")
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


class MetricsSettings(Section):
    """What the metrics show."""

    public_ip_info: Annotated[bool, flag()] = Field(
        default=False,
        description="Show the public address as a label of `cadence_public_ip_info`, for dashboards. "
        "Whoever may read the metrics then knows it, and so does Prometheus for as long as it keeps its data.",
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


class WanSettings(Section):
    """The path to the internet."""

    targets: Annotated[tuple[str, ...], list_of("`tcp://host:port` or `tls://host:port`", _target)] = Field(
        default=WAN_TARGETS,
        description="The path works when one of them answers; it fails when all fail in one observation.",
    )
    tripwire: Annotated[tuple[str, ...], _TRIPWIRE] = Field(
        default=STUN_SERVERS,
        description="STUN servers; the first that answers is asked every seven seconds under which IPv4 address it sees this home: "
        "some 500 small packets an hour, for a change or an outage to be noticed at once. `off` switches it off.",
    )
    trace: Annotated[bool, flag()] = Field(
        default=True,
        description="On failure, find the hop where the path breaks: some twenty packets to the first target that is an address, "
        "at most each two minutes; and twice a day while it works, to know the usual path.",
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
    refuse: Annotated[tuple[IPv4Network | IPv6Network, ...], list_of("networks", parse_network, least=0, most=256)] = (
        Field(
            default=(),
            description="Networks whose addresses are never published: of a CDN, a VPN, a second line, as `198.51.100.0/24`. "
            "Cloudflare's own are refused in any case: no home is there, but a proxy or WARP on the way makes echo services say so.",
        )
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
        default="cloudflare", description="Where the record is kept."
    )
    id: Annotated[str | None, read_by("record id", _record_id, nullable=True)] = Field(
        default=None, description="The provider's id of the record, to pin exactly one (Cloudflare)."
    )
    create: Annotated[bool, flag()] = Field(default=True, description="Whether a missing record may be created.")


DEFAULT_RECORD = RecordSettings(name="vpn.home.arpa", provider="file")
"""Kept when no record is named; home.arpa is the zone for use inside homes (RFC 8375)."""


class DnsSettings(Section):
    """What is published, and how it is checked."""

    records: tuple[RecordSettings, ...] = Field(default=(DEFAULT_RECORD,), description="The records to keep.")
    truth: Annotated[tuple[str, ...], list_of("URLs", parse_url, least=0)] = Field(
        default=TRUTH,
        description="DNS-over-HTTPS resolvers that say what the world sees. Empty: only the providers are asked.",
    )
    cache_max_age: Annotated[float, duration()] = Field(
        default=3600.0,
        description="A record verified less than this ago, with the wanted address, causes no traffic at all.",
    )
    max_changes_per_day: Annotated[int, whole(1, 1000)] = Field(
        default=24, description="Writes per record in 24 hours; beyond it: hold."
    )


class BudgetSettings(Section):
    """How many calls an hour may leave this home, over restarts too. What would exceed them waits; it is never taken for an outage."""

    ip_echo: Annotated[int, whole(30, 100000)] = Field(
        default=300,
        description="To the echo services of each family that is watched. Hints from the LAN may use up half of it. "
        "A healthy home makes 2 to 20.",
    )
    doh: Annotated[int, whole(30, 100000)] = Field(
        default=1200, description="To the resolvers of `dns.truth`. A change of one record makes about 24."
    )
    provider: Annotated[int, whole(10, 100000)] = Field(
        default=300,
        description="To Cloudflare. A change of one record makes 3; an account is blocked at 1,200 in five minutes.",
    )
