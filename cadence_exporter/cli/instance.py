"""A running instance, asked over HTTP."""

import base64
import http.client
import ssl
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from cadence_exporter.record.log.plain import plain

DEFAULT_URL = "http://127.0.0.1:9923"
STATUS_PATH = "/api/v1/status"
TIMEOUT_S = 5.0
MAX_BYTES = 1024 * 1024
_UNAUTHORIZED = 401


class Unreachable(Exception):
    """There is no usable answer; the message says why and what to do."""


class Answer(NamedTuple):
    """What it said. ``shown`` is where it is, without a password."""

    shown: str
    status: int
    body: bytes


def call(url: str | None, path: str, method: str = "GET", timeout_s: float = TIMEOUT_S) -> Answer:
    """Ask the instance at ``url``, whose ``user:password@`` is used for basic auth. Raises Unreachable, also when it wants another one."""
    parts, connection = _connection(url or DEFAULT_URL, timeout_s)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    prefix = parts.path.rstrip("/").removesuffix(STATUS_PATH).removesuffix("/metrics")
    try:
        connection.request(method, prefix + path, headers=_headers(parts))
        response = connection.getresponse()
        answer = Answer(shown, response.status, response.read(MAX_BYTES))
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"{shown}: {error.verify_message}; SSL_CERT_FILE names the authority to trust") from error
    except ssl.SSLError as error:
        raise Unreachable(f"{shown}: TLS failed ({error.reason}); does it speak plain http?") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Unreachable(f"{shown}: no answer ({plain(reason)}); is it running? --url says where") from error
    finally:
        connection.close()
    if answer.status == _UNAUTHORIZED:
        raise Unreachable(f"{shown}: it wants a password; write the URL as {parts.scheme}://USER:PASSWORD@HOST:PORT")
    return answer


def _connection(url: str, timeout_s: float) -> tuple[SplitResult, http.client.HTTPConnection]:
    """Nothing is sent yet."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Unreachable(f"not a URL: {plain(str(error))}") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise Unreachable(f"not a URL of ours; write it as {DEFAULT_URL}")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return parts, kind(host, port, timeout=timeout_s)


def _headers(parts: SplitResult) -> dict[str, str]:
    headers = {"Accept": "application/json", "Connection": "close"}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return headers
