"""The one HTTP client: a total deadline per call, capped bodies, no redirects, certificates verified, family forced when asked.

A peer hung nine days in a TLS handshake; another followed a captive portal's redirect. Neither can happen here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.seams import Clock


@dataclass(frozen=True, slots=True)
class Request:
    """One call. ``service`` is its budget: cloudflare, ip_echo, doh ..."""

    service: str
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    family: Family | None = None
    max_bytes: int = 4096


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    took_s: float


class Https:
    """See the module. Safe to share between lanes."""

    def __init__(self, clock: Clock, log: CallLog) -> None:
        raise NotImplementedError

    def call(self, request: Request, deadline: Instant) -> Answer:
        """Make the call and write it into the log. Raises ProbeFailed; a status of 300 or more is an Answer, not a failure."""
        raise NotImplementedError
