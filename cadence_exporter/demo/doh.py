"""A caching DNS resolver over HTTPS (RFC 8484) on loopback, which can lag, lie, fail or fall silent."""

import base64
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.closes import Closes
from cadence_exporter.demo.http_service import Answering, Asked, HttpService, Reply, Reset, Silence
from cadence_exporter.demo.tcp_port import PortMode
from cadence_exporter.demo.zone_answer import ZoneAnswer, ZoneSource
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.seams import Clock

MEDIA_TYPE = "application/dns-message"
NEGATIVE_TTL_S = 1800.0
"""How long a resolver remembers that there is nothing: the SOA minimum at Cloudflare (RFC 2308 section 5)."""


class DohMode(StrEnum):
    """How the resolver treats a question."""

    NORMAL = "normal"
    STALE = "stale"
    """What is cached never expires."""
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    WRONG = "wrong"
    """Says ``wrong_address``, whatever was asked."""
    GARBAGE = "garbage"
    """Not a DNS message, under the right media type."""
    HTML = "html"
    """An HTML page with status 200, as a captive portal gives."""
    UNAVAILABLE = "unavailable"
    """Status 503."""
    SILENCE = "silence"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class _Cached:
    answer: ZoneAnswer
    until: Instant


class DohFake(Closes):
    """Answers from ``source`` through a cache that honours TTLs on ``clock``, capped at ``max_ttl_s`` (RFC 8767 section 4 allows a cap)."""

    def __init__(
        self,
        source: ZoneSource,
        clock: Clock | None = None,
        *,
        max_ttl_s: float = 86400.0,
        negative_ttl_s: float = NEGATIVE_TTL_S,
        host: str = "127.0.0.1",
    ) -> None:
        self._source = source
        self._clock = clock or SystemClock()
        self.max_ttl_s = max_ttl_s
        self.negative_ttl_s = negative_ttl_s
        self.mode = DohMode.NORMAL
        self.wrong_address = "198.51.100.66"
        self.questions: list[tuple[str, str]] = []
        self._cache: dict[tuple[str, str], _Cached] = {}
        self._lock = threading.Lock()
        self.http = HttpService(self._answer, host)

    def close(self) -> None:
        """Cut what is live and give the port back."""
        self.http.close()

    @property
    def url(self) -> str:
        """What the settings list under ``dns.truth``."""
        return f"{self.http.url}/dns-query"

    @property
    def calls(self) -> int:
        """Questions so far."""
        return len(self.questions)

    def reachable(self, mode: PortMode) -> None:
        """Open or close the port beneath."""
        self.http.reachable(mode)

    def flush(self) -> None:
        """Forget everything cached."""
        with self._lock:
            self._cache.clear()

    def _answer(self, asked: Asked) -> Answering:
        wire = _wire_of(asked)
        if isinstance(wire, Reply):
            return wire
        try:
            query = dns.message.from_wire(wire)
        except (dns.exception.DNSException, ValueError):
            return Reply(400, b"not a DNS message")
        if len(query.question) != 1:
            return Reply(400, b"exactly one question, please")
        misbehaviour = _misbehaviour(self.mode)
        return misbehaviour or self._resolve(query)

    def _resolve(self, query: dns.message.Message) -> Reply:
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        record_type = dns.rdatatype.to_text(question.rdtype)
        response = dns.message.make_response(query, recursion_available=True)
        with self._lock:
            self.questions.append((name, record_type))
            found, left_s = self._look_up(name, record_type)
        match self.mode:
            case DohMode.NXDOMAIN:
                found = ZoneAnswer(exists=False)
            case DohMode.WRONG:
                found = ZoneAnswer(exists=True, contents=(self.wrong_address,))
            case DohMode.SERVFAIL:
                response.set_rcode(dns.rcode.SERVFAIL)
                return _as_reply(response, 0)
        self._fill(response, question.name, record_type, found, left_s)
        return _as_reply(response, left_s)

    def _fill(
        self, response: dns.message.Message, name: dns.name.Name, record_type: str, found: ZoneAnswer, left_s: int
    ) -> None:
        """Put ``found`` into the response, following one alias as a resolver does."""
        if not found.exists:
            response.set_rcode(dns.rcode.NXDOMAIN)
            return
        if found.cname is not None:
            response.answer.append(dns.rrset.from_text(name, left_s, "IN", "CNAME", f"{found.cname}."))
            with self._lock:
                found, left_s = self._look_up(found.cname, record_type)
            name = dns.name.from_text(response.answer[0][0].to_text())
        if found.contents:
            response.answer.append(dns.rrset.from_text(name, left_s, "IN", record_type, *found.contents))

    def _look_up(self, name: str, record_type: str) -> tuple[ZoneAnswer, int]:
        """The answer, and the seconds for which it will stay in the cache."""
        now = self._clock.monotonic()
        cached = self._cache.get((name, record_type))
        if cached is None or (now >= cached.until and self.mode is not DohMode.STALE):
            answer = self._source(name, record_type)
            ttl_s = min(float(answer.ttl_s), self.max_ttl_s) if answer.contents else self.negative_ttl_s
            cached = _Cached(answer, later(now, ttl_s))
            self._cache[name, record_type] = cached
        return cached.answer, max(0, int(cached.until - now))


def _wire_of(asked: Asked) -> bytes | Reply:
    """The DNS message of a request (RFC 8484 section 4.1), or what is answered to a request that has none."""
    split = urlsplit(asked.target)
    if split.path != "/dns-query":
        return Reply(404, b"no such page")
    if asked.method == "POST":
        right = asked.headers.get("content-type") == MEDIA_TYPE
        return asked.body if right else Reply(415, b"send application/dns-message")
    if asked.method == "GET":
        text = dict(parse_qsl(split.query)).get("dns", "")
        try:
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return Reply(400, b"dns is not base64url")
    return Reply(405, b"GET or POST")


def _misbehaviour(mode: DohMode) -> Answering | None:
    make: dict[DohMode, Callable[[], Answering]] = {
        DohMode.SILENCE: Silence,
        DohMode.RESET: Reset,
        DohMode.GARBAGE: lambda: Reply(200, b"\x00\x01garbage", MEDIA_TYPE),
        DohMode.HTML: lambda: Reply(200, b"<html><body>Please log in</body></html>", "text/html"),
        DohMode.UNAVAILABLE: lambda: Reply(503, b"try later"),
    }
    return make[mode]() if mode in make else None


def _as_reply(response: dns.message.Message, fresh_s: int) -> Reply:
    return Reply(200, response.to_wire(), MEDIA_TYPE, {"Cache-Control": f"max-age={fresh_s}"})
