"""A dead man's switch outside the house: told from a healthy cycle and from nowhere else, so that its silence means something.

Healthchecks (https://healthchecks.io/docs/http_api/) and the push monitors of Uptime Kuma (``/api/push/<token>``).
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit, urlunsplit

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.delivery import Happening, Kind, SinkName, Trouble
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.memory import Phase
from cadence_exporter.outbound.https import Https, Request
from cadence_exporter.record.sinks.courier import DeliveryFailed, undelivered
from cadence_exporter.record.sinks.outbox import Channel, Outbox
from cadence_exporter.seams import Clock

CHANNEL = Channel("heartbeat", (Kind.OUTAGE_ENDED,), most=50)
SPACING_S = 60.0
"""Hints bring cycles forward, and healthchecks.io drops more than five pings a minute; its own shortest period is a minute, too."""
USUAL_WAIT_S = 180.0
LONGEST_SILENCE_S = 120.0
"""Between two tries, however many failed: a healthy home that is silent for long after the service is back is a false alarm."""
CALL_S = 10.0
KUMA = "/api/push/"
LONGEST_MESSAGE = 200

_REFUSALS = {
    404: (Trouble.NOT_FOUND, "no such check (404)"),
    409: (Trouble.REJECTED, "several checks have this name (409)"),
    429: (Trouble.RATE_LIMITED, "too many pings (429)"),
}


class Heartbeat:
    """Implements ``courier.Sink``. The URL is a secret as a whole."""

    name = SinkName.HEARTBEAT
    channel = CHANNEL.name

    def __init__(
        self, url: str, https: Https, outbox: Outbox, clock: Clock, healthy_wait_s: float = USUAL_WAIT_S
    ) -> None:
        """``healthy_wait_s`` lies between two regular looks while UP: each of them is a ping, at any pace that the user wants."""
        self._url = url
        self._spacing_s = min(SPACING_S, healthy_wait_s / 2)
        self._https = https
        self._outbox = outbox
        self._clock = clock
        self._asked_at: Instant | None = None

    def plan(self, cycle: Cycle) -> Callable[[], int] | None:
        """A ping when the home is UP and the last one is no moment ago; the outages that ended since go before it."""
        now = self._clock.monotonic()
        if cycle.memory.phase is not Phase.UP or (
            self._asked_at is not None and now - self._asked_at < self._spacing_s
        ):
            return None
        took_ms = 1000.0 * cycle.phase_seconds.get("total", 0.0)
        waiting = self._outbox.waiting(self.channel)
        return lambda: self._ping(waiting, took_ms)

    def _ping(self, waiting: Sequence[Happening], took_ms: float) -> int:
        self._asked_at = self._clock.monotonic()
        parts = urlsplit(self._url)
        summary = summary_of(waiting)
        if KUMA in parts.path:
            query = urlencode({"status": "up", "msg": summary or "OK", "ping": f"{took_ms:.0f}"})
            body = self._ask(urlunsplit(parts._replace(query=query)))
            if not _kuma_is_content(body):
                raise DeliveryFailed(Trouble.CONTENT, "not an answer of Uptime Kuma")
        else:
            # Before the ping: a late /fail would begin an incident that is over.
            untold = self._log(urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/log")), summary, waiting)
            self._ask(self._url)
            if untold is not None:
                raise untold
        self._told(waiting)
        return len(waiting)

    def _log(self, url: str, summary: str, waiting: Sequence[Happening]) -> DeliveryFailed | None:
        """Why the summary still waits, if so: it must not keep back the ping, whose absence is an alarm.

        A service that has no such place takes none.
        """
        if not summary:
            return None
        try:
            self._ask(url, summary.encode())
        except DeliveryFailed as error:
            return None if error.trouble in (Trouble.NOT_FOUND, Trouble.REJECTED) else error
        self._told(waiting)
        return None

    def _told(self, waiting: Sequence[Happening]) -> None:
        self._outbox.delivered(self.channel, [happening.id for happening in waiting])

    def _ask(self, url: str, body: bytes | None = None) -> bytes:
        method = "GET" if body is None else "POST"
        request = Request("heartbeat", url, method, body=body)
        try:
            answer = self._https.call(request, later(self._clock.monotonic(), CALL_S))
        except ProbeFailed as error:
            raise undelivered(error) from None
        if answer.status not in (200, 201):
            trouble = Trouble.SERVER if answer.status >= 500 else Trouble.REJECTED  # noqa: PLR2004 - HTTP
            raise DeliveryFailed(*_REFUSALS.get(answer.status, (trouble, f"the service answers {answer.status}")))
        return answer.body


def summary_of(waiting: Sequence[Happening]) -> str:
    """The outages that are to be told, on one line; empty when there are none."""
    outages = [each for each in waiting if each.kind is Kind.OUTAGE_ENDED]
    if not outages:
        return ""
    total_s = sum(float(each.facts["seconds"]) for each in outages)
    last = outages[-1].facts
    text = f"outage ({last['layer']}) {_moment(last['began'])} to {_moment(last['ended'])}"
    if len(outages) > 1:
        text = f"{len(outages)} outages, the last: {text}"
    return f"{text}, {total_s:.0f} s offline"[:LONGEST_MESSAGE]


def _moment(wall: float | str) -> str:
    try:
        return datetime.fromtimestamp(float(wall), tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
    except (OverflowError, OSError, ValueError):
        return "?"


def _kuma_is_content(body: bytes) -> bool:
    """``{"ok":true}``; a status page or a login form is answered with 200 as well."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(given, dict) and given.get("ok") is True
