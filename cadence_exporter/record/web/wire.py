"""HTTP/1.1 as bytes: the strict half of RFC 9112 that a scraper and a browser need. Pure: no sockets, no deadlines.

Whatever is ambiguous is refused: bare line feeds in the head, folded headers, two lengths, chunked bodies.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

from cadence_exporter.record.web.messages import Request, Response

MAX_HEAD_BYTES = 16 * 1024
"""Request line and headers together. Prometheus and browsers send under 2 KiB; without it one peer could fill the memory."""
MAX_TARGET_BYTES = 4 * 1024
MAX_HEADERS = 64
MAX_BODY_BYTES = 64 * 1024
"""Nothing we accept has a body that matters."""
MAX_QUERY_FIELDS = 256

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_REQUEST_LINE = re.compile(r"([A-Z]{1,16}) ([!-~]+) HTTP/1\.([01])")
_NOT_IN_VALUES = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_DIGITS = re.compile(r"[0-9]{1,10}")


class BadRequest(Exception):
    """The request cannot be understood, or must not be: ``status`` and the message are the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Head:
    """A parsed request line with its headers."""

    method: str
    target: str
    headers: dict[str, str]
    body_bytes: int
    """How many bytes of body follow."""
    expects_continue: bool


def parse_head(raw: bytes) -> Head:
    """Parse everything before the empty line. Raises BadRequest."""
    request_line, *lines = raw.decode("latin-1").split("\r\n")
    if re.fullmatch(r".* HTTP/(?!1\.[01]$).*", request_line):
        raise BadRequest(505, "this port speaks HTTP/1.1")
    match = _REQUEST_LINE.fullmatch(request_line)
    if match is None:
        raise BadRequest(400, "malformed request line")
    method, target, minor = match.groups()
    if len(target) > MAX_TARGET_BYTES:
        raise BadRequest(414, "the URL is too long")
    headers = _headers(lines)
    if minor == "1" and "host" not in headers:
        raise BadRequest(400, "a Host header is missing")  # RFC 9112 section 3.2
    if "transfer-encoding" in headers:
        raise BadRequest(501, "transfer encodings are not understood; send a Content-Length")
    expects = headers.get("expect", "").lower() == "100-continue"
    return Head(method, target, headers, _body_bytes(headers), expects)


def _headers(lines: Iterable[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for count, line in enumerate(lines):
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name) or _NOT_IN_VALUES.search(value):
            raise BadRequest(400, "malformed header")
        if count >= MAX_HEADERS:
            raise BadRequest(431, "too many headers")
        key = name.lower()
        if key in headers and key in {"host", "content-length", "authorization"}:
            raise BadRequest(400, f"more than one {name} header")
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip(" \t")
    return headers


def _body_bytes(headers: dict[str, str]) -> int:
    length = headers.get("content-length", "0")
    if not _DIGITS.fullmatch(length):
        raise BadRequest(400, "malformed Content-Length")
    if int(length) > MAX_BODY_BYTES:
        raise BadRequest(413, "the body is too large")
    return int(length)


def request(head: Head, body: bytes, peer: str) -> Request:
    """The complete request. Raises BadRequest when the target is not a path of ours."""
    target = head.target
    if target.lower().startswith(("http://", "https://")):  # absolute form, RFC 9112 section 3.2.2
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    if not target.startswith("/"):
        raise BadRequest(400, "the URL must begin with a slash")
    path, _, query = target.partition("#")[0].partition("?")
    fields: dict[str, tuple[str, ...]] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS)
    except ValueError as error:
        raise BadRequest(400, "too many query fields") from error
    for key, value in pairs:
        fields[key] = (*fields.get(key, ()), value)
    return Request(head.method, unquote(path), fields, head.headers, body, peer)


def render(response: Response, *, with_body: bool, date: str) -> bytes:
    """The response as bytes. Every connection carries one request: an idle one would hold a thread."""
    phrase = HTTPStatus(response.status).phrase
    lines = [
        f"HTTP/1.1 {response.status} {phrase}",
        f"Date: {date}",
        "Server: cadence-exporter",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}",
        "Connection: close",
        "X-Content-Type-Options: nosniff",
        *(f"{name}: {value}" for name, value in response.headers),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (response.body if with_body else b"")
