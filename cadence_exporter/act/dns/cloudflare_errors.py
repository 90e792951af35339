"""What Cloudflare's error answers mean, and what a person can do about them. Decided by status and code, never by message text."""

import json
import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from cadence_exporter.errors import ActionFailed
from cadence_exporter.model.instants import WallTime
from cadence_exporter.outbound.https import Answer

THROTTLED_S = 300.0
"""Beyond 1200 requests in five minutes Cloudflare blocks every call for the next five: asking sooner only prolongs it."""
LONGEST_WAIT_S = 3600.0
"""A Retry-After beyond this is not believed: a typo upstream must not stop updates for a day."""

_BAD_REQUEST = 400
_TOO_MANY = 429
_SERVER_ERROR = 500
_THROTTLE_CODES = frozenset({971, 10100})
_MOST_TEXT = 160

_CURE = "give a token with Zone.DNS Edit (and Zone Read) for this zone"
_WORDS: dict[int, str] = {
    6003: f"the API token is not in the form Cloudflare expects; {_CURE}",
    6111: f"the API token is not in the form Cloudflare expects; {_CURE}",
    9106: f"no API token arrived at Cloudflare; {_CURE}",
    9109: f"the API token is not valid, or not for this zone (revoked, expired?); {_CURE}",
    10000: f"Cloudflare did not accept the API token this time; if it stays so, {_CURE}",
    10001: f"the API token may not do this; {_CURE}",
    1003: "the zone id is not valid; leave zone_id out and the zone is found by name",
    7003: "the zone id or record id does not exist; leave zone_id out and the zone is found by name",
    81044: "the record is gone; it is looked up again",
    81045: "the zone's quota of records is used up",
    81053: "another record (A, AAAA or CNAME) is in the way",
    81054: "a CNAME of the same name is in the way; remove it, or keep another name",
    81056: "an NS record of the same name is in the way",
    81057: "an identical record exists already; it is looked up again",
    81058: "an identical record exists already; it is looked up again",
    1004: "Cloudflare finds the record invalid",
}
_CONFLICTS = frozenset({81053, 81054, 81056, 1004})
"""The same request would fail in the same way until a person changes something."""
GONE_CODES = frozenset({1003, 7003})
"""The path named something that does not exist (any more)."""


class CloudflareFailed(ActionFailed):
    """An error answer, with its HTTP status and the codes it carried."""

    def __init__(
        self,
        detail: str,
        codes: frozenset[int],
        *,
        status: int,
        retry_after_s: float | None = None,
        refusal: bool = False,
    ) -> None:
        super().__init__(detail, retry_after_s=retry_after_s, refusal=refusal)
        self.codes = codes
        self.status = status


def envelope(answer: Answer, wall: WallTime) -> Mapping[str, Any]:
    """The body of a successful answer. Raises CloudflareFailed for everything else, a 200 with ``success: false`` included."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    if answer.status < _BAD_REQUEST and isinstance(body, dict) and body.get("success") is True:
        return body
    errors = _errors(body)
    codes = frozenset(code for code, _ in errors)
    wait_s = _wait_s(answer, codes, wall)
    detail = _detail(answer, body, errors)
    refusal = bool(codes & _CONFLICTS) and wait_s is None
    raise CloudflareFailed(detail, codes, status=answer.status, retry_after_s=wait_s, refusal=refusal)


def _detail(answer: Answer, body: object, errors: list[tuple[int, str]]) -> str:
    if answer.status == _TOO_MANY or any(code in _THROTTLE_CODES for code, _ in errors):
        return "Cloudflare asks to slow down"
    if errors:
        known = [_WORDS[code] for code, _ in errors if code in _WORDS]
        theirs = "; ".join(f"{code} {text}" for code, text in errors)
        return f"{known[0]} ({theirs})" if known else f"Cloudflare refused: {theirs}"
    if answer.status >= _SERVER_ERROR:
        return f"Cloudflare is in trouble (status {answer.status})"
    if not isinstance(body, dict):
        return f"status {answer.status} without JSON: not Cloudflare's API"
    return f"status {answer.status} without success"


def _errors(body: object) -> list[tuple[int, str]]:
    """Codes and messages, those of the chain after those that carry it."""
    found: list[tuple[int, str]] = []
    pending = _list(body, "errors")
    for error in pending:
        code = error.get("code")
        if isinstance(code, int):
            found.append((code, _plain(error.get("message"))))
            found += [
                (chained["code"], _plain(chained.get("message")))
                for chained in _list(error, "error_chain")
                if isinstance(chained.get("code"), int)
            ]
    return found


def _list(body: object, key: str) -> list[dict[str, Any]]:
    entries = body.get(key) if isinstance(body, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _plain(message: object) -> str:
    """Their words, made harmless for a log line."""
    text = message if isinstance(message, str) else ""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:_MOST_TEXT]


def _wait_s(answer: Answer, codes: frozenset[int], wall: WallTime) -> float | None:
    """Seconds that Cloudflare asks for: its Retry-After (RFC 9110 section 10.2.3), or its documented block when throttled."""
    asked = retry_after_s(answer.headers.get("retry-after", ""), wall)
    if asked is not None:
        return asked
    throttled = answer.status == _TOO_MANY or bool(codes & _THROTTLE_CODES)
    return THROTTLED_S if throttled else None


def retry_after_s(value: str, wall: WallTime) -> float | None:
    """Seconds from a Retry-After header, seconds or HTTP date, between 1 s and an hour; ``None`` when there is none to understand."""
    text = value.strip()
    if not text:
        return None
    try:
        seconds = float(text) if text.isdecimal() else parsedate_to_datetime(text).timestamp() - wall
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(seconds):
        return LONGEST_WAIT_S
    return min(max(seconds, 1.0), LONGEST_WAIT_S)
