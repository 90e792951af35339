"""HTTP to one device in the user's own home: the host and port of the settings, and nothing else.

Appliances speak plain http on private addresses, which everything else is forbidden. All other bounds are those of ``https``:
a total deadline, capped bodies, no redirects, no proxy, a connection of its own for each call.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from requests import auth, utils

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.outbound.https import Answer, Https, Request

MAX_BYTES = 65_536
_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class Login:
    """User and password of a device."""

    user: str
    password: str = field(repr=False)


class LanHttp:
    """See the module. ``origin`` is scheme, host and port; ``service`` is the name in the call log."""

    def __init__(
        self,
        https: Https,
        origin: str,
        service: str,
        *,
        basic: Login | None = None,
        digest: Login | None = None,
        bearer: str | None = None,
    ) -> None:
        """``digest`` answers challenges with SHA-256 only, ``basic`` and ``bearer`` send the secret along: as the device's kind has it."""
        self._https = https
        self._origin = origin.rstrip("/")
        self._service = service
        self._basic = basic
        self._digest = digest
        self._bearer = bearer
        self._challenge: _Challenge | None = None

    def __repr__(self) -> str:
        return f"LanHttp({self._origin!r})"

    def call(
        self,
        path: str,
        deadline: Instant,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Ask for ``path`` (with its query, percent-encoded). Raises ProbeFailed; any status is an answer."""
        sent = dict(headers or {})
        if self._basic is not None:
            pair = f"{self._basic.user}:{self._basic.password}".encode()
            sent["Authorization"] = f"Basic {b64encode(pair).decode()}"  # RFC 7617
        if self._bearer is not None:
            sent["Authorization"] = f"Bearer {self._bearer}"  # RFC 6750
        request = Request(self._service, self._origin + path, method, sent, body, max_bytes=MAX_BYTES, at_home=True)
        if self._digest is not None and self._challenge is not None:
            sent["Authorization"] = self._challenge.answered(self._digest, request)
        answer = self._https.call(request, deadline)
        if answer.status != _UNAUTHORIZED or self._digest is None:
            return answer
        self._challenge = _Challenge(
            answer.headers.get("www-authenticate", "")
        )  # the first one, or the old one is stale
        sent["Authorization"] = self._challenge.answered(self._digest, request)
        return self._https.call(request, deadline)


class _Challenge:
    """What a device wants to have hashed with the password (RFC 7616); it may be used again until the device sends another."""

    def __init__(self, header: str) -> None:
        """Raises ProbeFailed when the device asks for less than SHA-256: it may be somebody else, fishing for the password."""
        kind, _, rest = header.partition(" ")
        parse: Any = utils.parse_dict_header  # requests has no types for these
        fields: dict[str, str | None] = parse(rest)
        algorithm, qop = fields.get("algorithm") or "", (fields.get("qop") or "").replace(" ", "").split(",")
        if kind.lower() != "digest" or algorithm.upper() != "SHA-256" or "auth" not in qop or not fields.get("nonce"):
            raise ProbeFailed(
                FailureReason.HTTP, "asks for the password in a way that it must not be given (not digest SHA-256)"
            )
        self._fields = {**fields, "realm": fields.get("realm") or "", "qop": "auth"}
        self._uses = 0

    def answered(self, login: Login, request: Request) -> str:
        """The Authorization header of a request."""
        digest: Any = auth.HTTPDigestAuth(login.user, login.password)
        digest.init_per_thread_state()
        state = digest._thread_local  # noqa: SLF001 - its hooks need a Session
        state.chal, state.last_nonce, state.nonce_count = self._fields, self._fields["nonce"], self._uses
        self._uses += 1
        return str(digest.build_digest_header(request.method, request.url))


def url_origin(url: str) -> str:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
