"""Where the settings may point: URLs of services, host:port pairs, addresses. Judged by their spelling, nothing is resolved."""
# ruff: noqa: TRY004 - pydantic collects ValueError; a TypeError would end the reading at the first mistake

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from cadence_exporter.model.operators import is_loopback, literal_of
from cadence_exporter.model.ranges import special_range

HIGHEST_PORT = 65535
STUN_PORT = 3478

_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)


@dataclass(frozen=True, slots=True)
class Target:
    """A WAN target: how it is reached and where."""

    scheme: str
    """``tcp`` or ``tls``."""
    host: str
    """A name or a literal address, without brackets."""
    port: int


def parse_url(value: object) -> str:
    """A service's URL: https to a public host, or http(s) to loopback. Raises ValueError; never repeats a password."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a URL such as https://example.com/path")
    text = value.strip()
    if not text.isascii() or any(character <= " " or character in "\\\"'<>`{}|^\x7f" for character in text):
        raise ValueError("contains a character that does not belong into a URL (percent-encode it)")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError("is not a URL (its host or port cannot be read)") from error
    if "@" in parts.netloc:
        raise ValueError("carries a user or password; credentials do not belong into a URL")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{_short(text)} is not a URL; write it as https://host/path")
    if port == 0 or parts.fragment:
        raise ValueError(f"{_short(text)} is not a URL of a service (port 0, or a '#')")
    _check_host(host, parts.scheme, text)
    return text


def _check_host(host: str, scheme: str, text: str) -> None:
    if is_loopback(host):
        return
    address = literal_of(host)
    if address is None and not _is_name(host):
        raise ValueError(f"{_short(text)} has no usable host name")
    if scheme == "http":
        raise ValueError(f"{_short(text)} is not encrypted; write https:// (http:// is for loopback only)")
    if address is not None and special_range(address) is not None:
        raise ValueError(f"{_short(text)} is not a public address; a private one is accepted on loopback only")


def parse_target(value: object) -> Target:
    """A ``tcp://host:port`` or ``tls://host:port``, IPv6 literals in brackets. Raises ValueError."""
    if not isinstance(value, str) or not re.match(r"(?i)(tcp|tls)://", value.strip()):
        raise ValueError(f"{_short(str(value))} is not a target; write it as tls://host:443 or tcp://host:port")
    scheme, _, rest = value.strip().partition("://")
    host, port = parse_host_port(rest)
    if not host or port == 0:
        raise ValueError(f"{_short(value)} lacks a host or a port; write it as {scheme.lower()}://host:443")
    return Target(scheme.lower(), host, port)


def parse_stun(value: object) -> tuple[str, int]:
    """Host and port of ``stun://host:port``; 3478 when no port is given (RFC 7064). Raises ValueError."""
    if not isinstance(value, str) or not re.match(r"(?i)stun://", value.strip()):
        raise ValueError(f"{_short(str(value))} is not a STUN server; write it as stun://host:port")
    rest = value.strip()[len("stun://") :].rstrip("/")
    host, port = parse_host_port(rest if ":" in rest else f"{rest}:{STUN_PORT}")
    address = literal_of(host)
    if not host or port == 0:
        raise ValueError(f"{_short(value)} lacks a host or a port; write it as stun://host:{STUN_PORT}")
    if address is not None and address.version != 4:  # noqa: PLR2004 - the IP version number itself
        raise ValueError(
            f"{_short(value)} is an IPv6 address; the tripwire watches over the IPv4 one, which is behind NAT"
        )
    if address is not None and special_range(address) not in (None, "loopback"):
        raise ValueError(f"{_short(value)} is not a public address; a private one is accepted on loopback only")
    return host, port


def parse_listen(value: object) -> tuple[str, int]:
    """Host and port to listen on; an empty host means every address, port 0 any free one. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("must be host:port, such as 127.0.0.1:9923 or [::]:9923")
    return parse_host_port(value.strip())


def parse_host_port(text: str) -> tuple[str, int]:
    """``host:port``, ``[v6]:port`` or ``:port``. Raises ValueError."""
    host, colon, digits = text.rpartition(":")
    if not colon or not digits.isdecimal() or not digits.isascii():
        raise ValueError(f"{_short(text)} is not host:port")
    if int(digits) > HIGHEST_PORT:
        raise ValueError(f"port {_short(digits)} is beyond {HIGHEST_PORT}")
    if host.startswith("[") and host.endswith("]"):
        address = literal_of(host[1:-1])
        if address is None or address.version == 4:  # noqa: PLR2004 - the IP version number itself
            raise ValueError(f"{_short(text)} has no IPv6 address in its brackets")
        return str(address), int(digits)
    if ":" in host:
        raise ValueError(f"{_short(text)} has an IPv6 address without brackets; write [{_short(host)}]:{digits}")
    return (parse_host(host) if host else ""), int(digits)


def parse_host(value: object) -> str:
    """A host name or an address of any kind, lower-case. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("must be a host name or an address")
    text = value.strip().lower().removesuffix(".")
    if literal_of(text) is None and not _is_name(text):
        raise ValueError(f"{_short(value)} is not a host name or an address")
    return text


def parse_address(value: object) -> str:
    """An IP address in its shortest spelling. Raises ValueError."""
    try:
        return str(ip_address(str(value).strip()))
    except ValueError as error:
        raise ValueError(f"{_short(str(value))} is not an IP address") from error


def parse_network(value: object) -> IPv4Network | IPv6Network:
    """A network as ``192.0.2.0/24``, or a single address. Raises ValueError."""
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    try:
        return ip_network(str(value).strip())
    except ValueError as error:
        text = _short(str(value))
        hint = "; its host bits must be zero" if "host bits" in str(error) else ""
        raise ValueError(f"{text} is not a network; write it as 203.0.113.0/24{hint}") from error


def _is_name(host: str) -> bool:
    """Whether ``host`` is a host name. One that ends in a number is a misspelt address (``1.2.3``, ``0x7f.1``)."""
    return bool(_HOST.fullmatch(host)) and not re.fullmatch(r"\d+|0x[0-9a-f]*", host.rpartition(".")[2])


def _short(text: str) -> str:
    shown = text.strip()
    shown = shown if shown.isprintable() else ascii(shown)[1:-1]
    return shown if len(shown) <= 80 else shown[:77] + "..."  # noqa: PLR2004 - a line must stay readable
