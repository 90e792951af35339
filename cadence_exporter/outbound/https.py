"""The one HTTP client: a total deadline per call, capped bodies, no redirects, certificates verified, family forced when asked.

A peer hung nine days in a TLS handshake; another followed a captive portal's redirect. Neither can happen here.
Each call uses a connection of its own, so that an address that changed meanwhile is seen, and no proxy, cookie or ``.netrc``.
"""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, SSLError

from cadence_exporter import __version__
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.operators import is_loopback
from cadence_exporter.model.outcome import ApiCall
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.dial import Dialer, Reach, Resolver
from cadence_exporter.seams import Clock

# Headers and chunk framing on top of the body. Without it, an endless header or chunk-size line would fill the memory.
_FRAMING_BYTES = 65_536
_PIECE_BYTES = 16_384
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Two different values of one of these mean that somebody on the path meddled, or that the server is broken.
_ONCE_ONLY = ("content-length", "content-type", "content-encoding", "transfer-encoding", "retry-after")
_USER_AGENT = f"cadence-exporter/{__version__} (home connection monitor)"


@dataclass(frozen=True, slots=True)
class Request:
    """One call. ``service`` is its budget: cloudflare, ip_echo, doh ..."""

    service: str
    url: str = field(repr=False)  # a heartbeat's URL is its password
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # tokens travel here
    body: bytes | None = field(default=None, repr=False)
    family: Family | None = None
    max_bytes: int = 4096
    at_home: bool = False
    """A device in the user's own home (see lan_http): plain http is allowed, and only to addresses that lie inside."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, whatever its status. Outside 2xx the body is for people: cut at the cap, and empty when compressed."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    took_s: float


class Https:
    """See the module. Safe to share between lanes."""

    def __init__(
        self,
        clock: Clock,
        log: CallLog,
        *,
        resolver: Resolver = socket.getaddrinfo,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Raises SettingsError when the CA bundle named in the environment is unusable."""
        self.dialer = Dialer(clock, resolver=resolver, environ=environ)
        self._clock = clock
        self._log = log

    def call(self, request: Request, deadline: Instant) -> Answer:
        """Make the call and write it into the log. Raises ProbeFailed; a status of 300 or more is an Answer, not a failure."""
        prepared, parts = _prepare(request)
        began = self._clock.monotonic()
        status = 0
        try:
            status, headers, body = self._exchange(request, prepared, parts, deadline)
        finally:
            took_s = self._clock.monotonic() - began
            self._log.add(ApiCall(request.service, _code(status), took_s, parts.hostname or ""))
        return Answer(status, headers, body, took_s)

    def _exchange(
        self, request: Request, prepared: requests.PreparedRequest, parts: SplitResult, deadline: Instant
    ) -> tuple[int, Mapping[str, str], bytes]:
        bound = self.dialer.bound(deadline, request.max_bytes * 2 + _FRAMING_BYTES)
        host = parts.hostname or ""
        port = parts.port or _DEFAULT_PORTS[parts.scheme]

        def dial() -> socket.socket:
            reach = _reach(request, parts.scheme)
            sock = self.dialer.connect(host, port, bound, request.family, reach=reach)
            return self.dialer.secure(sock, host) if parts.scheme == "https" else sock

        pool = _OneCallPool(host, port, dial)
        try:
            # Not a Session: it would follow, or at least read and unpack, the body of a redirect.
            response = _OneCallAdapter(pool).send(prepared, stream=True, proxies={}).raw
            try:
                _refuse_meddled(response)
                return response.status, _lower(response), _body(response, request.max_bytes)
            finally:
                response.close()
        except (SSLError, requests.exceptions.SSLError) as error:
            raise ProbeFailed(FailureReason.TLS, f"{host}: the TLS session broke") from error
        except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
            raise ProbeFailed(FailureReason.HTTP, f"{host}: not a complete HTTP answer") from error
        finally:
            pool.close()


class _Connection(HTTPConnection):
    """An HTTP conversation over a socket that somebody else dials."""

    dial: Callable[[], socket.socket]

    def _new_conn(self) -> socket.socket:
        return self.dial()


class _OneCallPool(HTTPConnectionPool):
    """What urllib3 calls a pool, holding one connection for one call."""

    def __init__(self, host: str, port: int, dial: Callable[[], socket.socket]) -> None:
        super().__init__(host, port, maxsize=1, retries=False)
        self._dial = dial

    def _new_conn(self) -> HTTPConnection:
        connection = _Connection(self.host, self.port)
        connection.dial = self._dial
        return connection


class _OneCallAdapter(HTTPAdapter):
    """The adapter of requests, over our own pool."""

    def __init__(self, pool: HTTPConnectionPool) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)
        self._pool = pool

    def get_connection_with_tls_context(self, *_args: object, **_kwargs: object) -> HTTPConnectionPool:
        """Whatever is asked for: TLS and its verification are the dialer's."""
        return self._pool

    def cert_verify(self, *_args: object, **_kwargs: object) -> None:
        """Nothing to set up, see above."""


def _prepare(request: Request) -> tuple[requests.PreparedRequest, SplitResult]:
    """Raises ProbeFailed before anything is looked up or sent."""
    try:
        prepared = requests.Request(request.method, request.url, data=request.body).prepare()
        parts = urlsplit(str(prepared.url))
        _ = parts.port
    except (requests.RequestException, ValueError) as error:
        raise ProbeFailed(FailureReason.OTHER, "not a usable URL") from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        raise ProbeFailed(FailureReason.OTHER, "not a usable URL")
    if parts.scheme == "http" and not request.at_home and not is_loopback(parts.hostname):
        raise ProbeFailed(FailureReason.OTHER, f"{parts.hostname}: only https leaves this machine")
    prepared.headers.update(request.headers)
    # "identity": what is never unpacked cannot explode.
    prepared.headers.update(
        {"Host": parts.netloc, "User-Agent": _USER_AGENT, "Accept-Encoding": "identity", "Connection": "close"}
    )
    return prepared, parts


def _reach(request: Request, scheme: str) -> Reach:
    if not request.at_home:
        return Reach.OUTSIDE
    return Reach.INSIDE if scheme == "http" else Reach.ANYWHERE


def _refuse_meddled(response: BaseHTTPResponse) -> None:
    for name in _ONCE_ONLY:
        if len(set(response.headers.getlist(name))) > 1:
            raise ProbeFailed(FailureReason.HTTP, f"several different {name} headers")


def _lower(response: BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _body(response: BaseHTTPResponse, max_bytes: int) -> bytes:
    success = _code(response.status) == "2xx"
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        if success:
            raise ProbeFailed(FailureReason.CONTENT, "a compressed body, which was not asked for")
        return b""
    body = b""
    for piece in response.stream(_PIECE_BYTES, decode_content=False):
        body += piece
        if len(body) > max_bytes:
            if success:
                raise ProbeFailed(FailureReason.CONTENT, f"a body of more than {max_bytes} bytes")
            return body[:max_bytes]
    return body


def _code(status: int) -> str:
    """The closed set of the metric label; an answer that is neither success nor a refusal (a redirect) is an error too."""
    if status == 429:  # noqa: PLR2004 - RFC 6585
        return "429"
    return {2: "2xx", 4: "4xx", 5: "5xx"}.get(status // 100, "error")
