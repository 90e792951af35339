"""Ways in which a DNS provider's API fails, to be handed to ``CloudflareFake.inject``."""

from dataclasses import dataclass, replace

from cadence_exporter.demo.http_service import Answering, Reply, Reset, Silence


@dataclass(frozen=True, slots=True)
class Fault:
    """``instead`` is answered in place of the real answer; ``None`` delays the real one by ``delay_s``."""

    instead: Answering | None = None
    delay_s: float = 0.0
    after_apply: bool = False
    """The request takes effect all the same: only its answer is lost."""
    methods: frozenset[str] = frozenset(("GET", "POST", "PUT", "PATCH"))
    """Which requests it may hit; others pass by and leave it waiting."""

    def on(self, *methods: str) -> "Fault":
        """The same fault, for these methods only."""
        return replace(self, methods=frozenset(methods))

    def applied(self) -> "Fault":
        """The same fault, but the request takes effect before its answer is lost."""
        return replace(self, after_apply=True)


WRITES = ("POST", "PUT", "PATCH")

_THROTTLED = (
    b'{"success":false,"errors":[{"code":971,"message":"Please wait and consider throttling your request speed"}],'
    b'"messages":[],"result":null}'
)


def too_many_requests(retry_after_s: int = 30) -> Fault:
    """HTTP 429 with ``Retry-After``."""
    return Fault(Reply(429, _THROTTLED, "application/json", {"Retry-After": str(retry_after_s)}))


def throttled_with_200() -> Fault:
    """HTTP 200 whose envelope says ``success: false`` with code 971."""
    return Fault(Reply(200, _THROTTLED, "application/json"))


def html(status: int = 500) -> Fault:
    """An error page where JSON was due: 500 of the origin, 502 and 52x of the edge, or even 200."""
    return Fault(Reply(status, b"<html><head><title>Oops</title></head><body>cloudflare</body></html>", "text/html"))


def silence() -> Fault:
    """The request is taken and never answered."""
    return Fault(Silence())


def reset() -> Fault:
    """The connection is reset in place of an answer."""
    return Fault(Reset())


def slow(delay_s: float) -> Fault:
    """The right answer, ``delay_s`` seconds late."""
    return Fault(delay_s=delay_s)


def lost_answer() -> Fault:
    """A write takes effect, and the connection is reset before its answer is out."""
    return Fault(Reset(), after_apply=True).on(*WRITES)
