"""What an echo service said, by its documented form and no other. Nothing is ever searched for something address-looking."""

import json
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.operators import host_of, is_loopback

MAX_BYTES = 4096
"""No documented answer comes near it; a captive portal's page usually does not fit."""

_OK = 200
_ASCII_WHITESPACE = " \t\r\n"


def parse(url: str, status: int, body: bytes, family: Family) -> IpAddress:
    """The one address of ``family`` in the answer. Raises ProbeFailed (http or content)."""
    if status != _OK:
        raise ProbeFailed(FailureReason.HTTP, f"status {status}")
    if len(body) > MAX_BYTES:
        raise _bad("too long")
    try:
        text = body.decode("ascii").strip(_ASCII_WHITESPACE)
    except UnicodeDecodeError as error:
        raise _bad("not plain ASCII") from error
    authority, path, query = _split(url)
    if path.endswith("/cdn-cgi/trace"):
        return _address(_from_trace(text, _own_names(url, authority)), family)
    if "json" in {pair.partition("=")[2].lower() for pair in query.split("&")} or path.endswith("/json"):
        return _address(_from_json(text), family)
    return _address(text, family)


def _own_names(url: str, authority: str) -> set[str]:
    """What the trace of this URL may call its host. On loopback there is no other host that it could be of: any name will do."""
    return set() if is_loopback(host_of(url)) else {host_of(url), f"[{host_of(url)}]", authority.lower()}


def _split(url: str) -> tuple[str, str, str]:
    """Authority, path and query (RFC 3986 section 3)."""
    location, _, query = url.partition("://")[2].partition("#")[0].partition("?")
    authority, slash, path = location.partition("/")
    return authority, slash + path, query


def _address(text: str, family: Family) -> IpAddress:
    """Exactly one address: no leading zeros (they mean octal to some), no scope, port, prefix length or second address."""
    try:
        address = IPv4Address(text) if family is Family.IPV4 else IPv6Address(text)
    except AddressValueError as error:
        raise _bad(f"not exactly one {family} address") from error
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise _bad("an address with a scope id")
    return address


def _from_json(text: str) -> str:
    """The member ``ip`` of a JSON object, as ipify documents it."""
    try:
        found = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise _bad("not the documented JSON") from error
    if not isinstance(found, dict) or not isinstance(found.get("ip"), str):
        raise _bad("no JSON object with an ip")
    return str(found["ip"])


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _from_trace(text: str, asked: set[str]) -> str:
    """The ``ip`` line of Cloudflare's trace page, which must be about a host of ``asked`` (if given), and not seen through its VPN."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if not equals or not key or key in fields:
            raise _bad("not lines of different key=value")
        fields[key] = value
    if asked and fields.get("h", "").lower() not in asked:
        raise _bad("a trace of another host")
    if fields.get("warp", "off") != "off":
        raise _bad("a trace through the WARP tunnel")
    if fields.get("gateway", "off") != "off":
        raise _bad("a trace through a Cloudflare Gateway")
    if "ip" not in fields:
        raise _bad("a trace without an ip")
    return fields["ip"]


def _bad(detail: str) -> ProbeFailed:
    return ProbeFailed(FailureReason.CONTENT, detail)
