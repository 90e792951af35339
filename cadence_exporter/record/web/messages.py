"""What the web side's stages hand each other: a request that was read in full, and the response to it. No sockets here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, complete and well-formed."""

    method: str
    path: str
    """Percent-decoded, without the query."""
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]
    """Names in lower case; repeated fields joined by a comma (RFC 9110 section 5.3)."""
    body: bytes
    peer: str
    """The address of the other end of the TCP connection, as the kernel says."""

    def header(self, name: str) -> str | None:
        """The value of a header, by its lower-case name."""
        return self.headers.get(name)


@dataclass(frozen=True, slots=True)
class Response:
    """What is sent back. Date, Content-Length and the like are added on the wire."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = field(default=())


def text(status: int, body: str, *headers: tuple[str, str]) -> Response:
    """A plain-text response; ``body`` gets its newline here."""
    return Response(status, "text/plain; charset=utf-8", f"{body}\n".encode(), headers)


def as_json(status: int, value: object) -> Response:
    """A JSON response. Half a character, which somebody's error text may hold, becomes a question mark instead of a failure."""
    body = json.dumps(value, ensure_ascii=False, indent=2).encode(errors="replace") + b"\n"
    return Response(status, "application/json; charset=utf-8", body, (("Cache-Control", "no-store"),))


def is_loopback(peer: str) -> bool:
    """Whether a peer's address is this very machine (127.0.0.0/8, ::1, and either of them mapped into IPv6)."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
