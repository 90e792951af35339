"""A stateful service that speaks the slice of the Cloudflare API v4 a DNS updater needs, with its error behaviour."""

import json
import re
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.closes import Closes
from cadence_exporter.demo.cloudflare_faults import Fault
from cadence_exporter.demo.cloudflare_pages import envelope, list_records, number, page_of
from cadence_exporter.demo.cloudflare_zone import CloudflareZone, Record, Refused
from cadence_exporter.demo.http_service import Answering, Asked, HttpService, Reply
from cadence_exporter.demo.tcp_port import PortMode
from cadence_exporter.demo.zone_answer import ZoneAnswer
from cadence_exporter.model.instants import Instant
from cadence_exporter.seams import Clock

BASE_PATH = "/client/v4"
RATE_LIMIT = 1200
"""Requests per window and token, as Cloudflare documents it."""
RATE_WINDOW_S = 300
"""Seconds of the window, and of the block after it is used up."""
TOKEN_FORM = re.compile(r"Bearer [A-Za-z0-9\-._~+/]+=*")
"""A header of another form is answered by 6003, before any token is looked at (RFC 6750 section 2.1)."""
ID_FORM = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Requested:
    """One request, whatever came of it. ``path`` is without the base path and the query."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    authorised: bool
    status: int | None
    """What was answered; ``None`` when there was no answer, or it was lost."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change that took effect through the API (not by hand)."""

    method: str
    name: str
    type: str
    content: str


class CloudflareFake(Closes):
    """``zones`` maps names to 32-digit hexadecimal ids. Records change by the API, or by hand through the methods below."""

    def __init__(
        self, zones: Mapping[str, str], token: str, clock: Clock | None = None, host: str = "127.0.0.1"
    ) -> None:
        self._clock = clock or SystemClock()
        self._zones = [CloudflareZone(name, zone_id, self._clock) for name, zone_id in zones.items()]
        self.token = token
        self.revoked = False
        self.requests: list[Requested] = []
        self.mutations: list[Mutation] = []
        self.deletes = 0
        """Calls of DELETE: answered by 405, and there must never be one."""
        self.persistent_fault: Fault | None = None
        self._faults: deque[Fault] = deque()
        self._recent: deque[Instant] = deque()
        self._blocked_until = Instant(0.0)
        self._lock = threading.RLock()
        self.http = HttpService(self._answer, host)

    def close(self) -> None:
        """Cut what is live and give the port back."""
        self.http.close()

    @property
    def base_url(self) -> str:
        """What the settings call ``providers.cloudflare.base_url``."""
        return self.http.url + BASE_PATH

    def reachable(self, mode: PortMode) -> None:
        """Open or close the port beneath."""
        self.http.reachable(mode)

    @property
    def records(self) -> list[Record]:
        """Copies of all records of all zones."""
        with self._lock:
            return [dict(record) for zone in self._zones for record in zone.records]

    def contents(self, name: str, record_type: str = "A") -> list[str]:
        """The contents under one name and type, in order of creation."""
        return [each["content"] for each in self.records if each["name"] == name and each["type"] == record_type]

    def answer(self, name: str, record_type: str) -> ZoneAnswer:
        """What the authoritative servers would say: the source of a ``DohFake``."""
        with self._lock:
            zone = self._zone_of(name)
            return zone.answer(name, record_type) if zone else ZoneAnswer(exists=False)

    def inject(self, *faults: Fault) -> None:
        """Each fault hits one request, in order; a fault for other methods waits for its turn."""
        with self._lock:
            self._faults.extend(faults)

    def add_by_hand(self, name: str, record_type: str, content: str, **fields: object) -> str:
        """A record made at the dashboard, without any check: duplicates and CNAMEs in the way. Returns its id."""
        with self._lock:
            zone = self._zone_of(name) or self._zones[0]
            made = zone.add({"name": zone.absolute(name), "type": record_type, "content": content, **fields})
            return str(made["id"])

    def edit_by_hand(self, name: str, record_type: str, **fields: object) -> None:
        """Change all records of one name and type at the dashboard."""
        with self._lock:
            for zone in self._zones:
                for record in zone.records:
                    if (record["name"], record["type"]) == (name, record_type):
                        record.update(fields)

    def remove_by_hand(self, name: str, record_type: str) -> None:
        """Remove all records of one name and type at the dashboard."""
        with self._lock:
            for zone in self._zones:
                zone.records = [each for each in zone.records if (each["name"], each["type"]) != (name, record_type)]

    def _zone_of(self, name: str) -> CloudflareZone | None:
        fitting = [zone for zone in self._zones if name == zone.name or name.endswith(f".{zone.name}")]
        return max(fitting, key=lambda zone: len(zone.name), default=None)

    def _answer(self, asked: Asked) -> Answering:
        with self._lock:
            fault = self._next_fault(asked.method)
            if fault is not None and fault.instead is not None and not fault.after_apply:
                answer: Answering = fault.instead
            else:
                answer = self._real_answer(asked)
                if fault is not None and fault.instead is not None:
                    answer = fault.instead
                elif fault is not None and isinstance(answer, Reply):
                    answer = replace(answer, delay_s=fault.delay_s)
            self._log(asked, answer)
        return answer

    def _next_fault(self, method: str) -> Fault | None:
        for fault in self._faults:
            if method in fault.methods:
                self._faults.remove(fault)
                return fault
        lasting = self.persistent_fault
        return lasting if lasting is not None and method in lasting.methods else None

    def _log(self, asked: Asked, answer: Answering) -> None:
        split = urlsplit(asked.target)
        status = answer.status if isinstance(answer, Reply) else None
        authorised = asked.headers.get("authorization") == f"Bearer {self.token}" and not self.revoked
        body = _json_or_none(asked.body)
        path = split.path.removeprefix(BASE_PATH)
        self.requests.append(Requested(asked.method, path, dict(parse_qsl(split.query)), body, authorised, status))

    def _real_answer(self, asked: Asked) -> Reply:
        limits = self._count_against_limit()
        try:
            _refuse_when_blocked(limits)
            self._authorise(asked)
            status, result = 200, self._route(asked)
        except Refused as refused:
            status, result = (
                refused.status,
                {"result": None, "success": False, "errors": [refused.error], "messages": []},
            )
        return Reply(
            status, json.dumps(result).encode(), "application/json", {**limits, "cf-ray": "0000000000000000-DEMO"}
        )

    def _count_against_limit(self) -> dict[str, str]:
        now = self._clock.monotonic()
        while self._recent and self._recent[0] <= now - RATE_WINDOW_S:
            self._recent.popleft()
        self._recent.append(now)
        if len(self._recent) > RATE_LIMIT and now >= self._blocked_until:
            self._blocked_until = Instant(now + RATE_WINDOW_S)
        left = max(0, RATE_LIMIT - len(self._recent))
        limits = {
            "Ratelimit": f'"default";r={left};t={RATE_WINDOW_S}',
            "Ratelimit-Policy": f'"default";q={RATE_LIMIT};w={RATE_WINDOW_S}',
        }
        if now < self._blocked_until:
            limits["Retry-After"] = str(round(self._blocked_until - now))
        return limits

    def _authorise(self, asked: Asked) -> None:
        given = asked.headers.get("authorization", "")
        if not TOKEN_FORM.fullmatch(given):
            raise Refused(400, 6003, "Invalid request headers", (6111, "Invalid format for Authorization header"))
        if given != f"Bearer {self.token}":
            raise Refused(403, 9109, "Invalid access token")
        if self.revoked:
            raise Refused(403, 10000, "Authentication error")

    def _route(self, asked: Asked) -> dict[str, Any]:
        split = urlsplit(asked.target)
        query = dict(parse_qsl(split.query))
        path = split.path.removeprefix(BASE_PATH)
        match asked.method, path.strip("/").split("/"):
            case "GET", ["user", "tokens", "verify"]:
                return envelope({"id": "0" * 31 + "1", "status": "active"})
            case "GET", ["zones"]:
                return self._list_zones(query)
            case "GET", ["zones", zone_id]:
                return envelope(self._zone(zone_id).described())
            case "GET", ["zones", zone_id, "dns_records"]:
                return list_records(self._zone(zone_id), query)
            case "GET", ["zones", zone_id, "dns_records", record_id]:
                return envelope(dict(self._zone(zone_id).find(record_id)))
            case ("POST" | "PUT" | "PATCH") as method, ["zones", zone_id, "dns_records", *rest]:
                return self._mutate(method, self._zone(zone_id), rest, asked)
            case "DELETE", ["zones", _, "dns_records", _]:
                self.deletes += 1
                raise Refused(405, 7001, "Method DELETE not available for that URI.")
        raise _no_route(path)

    def _mutate(self, method: str, zone: CloudflareZone, rest: list[str], asked: Asked) -> dict[str, Any]:
        if not asked.headers.get("content-type", "").startswith("application/json"):
            raise Refused(400, 6003, "Invalid request headers", (6105, "Invalid Content-Type header"))
        fields = _json_or_none(asked.body)
        if not isinstance(fields, dict):
            raise Refused(400, 1004, "DNS Validation Error")
        match method, rest:
            case "POST", []:
                record = zone.create(fields)
            case "PUT", [record_id]:
                record = zone.replace(record_id, fields)
            case "PATCH", [record_id]:
                record = zone.change(record_id, fields)
            case _:
                raise Refused(405, 7001, f"Method {method} not available for that URI.")
        self.mutations.append(Mutation(method, record["name"], record["type"], record["content"]))
        return envelope(dict(record))

    def _zone(self, zone_id: str) -> CloudflareZone:
        if not ID_FORM.fullmatch(zone_id):
            raise _no_route(f"/zones/{zone_id}")
        for zone in self._zones:
            if zone.id == zone_id:
                return zone
        raise Refused(403, 9109, "Unauthorized to access requested resource")

    def _list_zones(self, query: Mapping[str, str]) -> dict[str, Any]:
        lowest, highest = 5, 50
        if not lowest <= number(query, "per_page", 20) <= highest:
            raise Refused(400, 1003, "Invalid or missing per_page.")
        wanted = query.get("name", "").lower()
        found = [zone.described() for zone in self._zones if wanted in ("", zone.name)]
        found = [zone for zone in found if query.get("status", "active") == zone["status"]]
        return page_of(found, query, 20)


def _json_or_none(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    try:
        return json.loads(body)
    except ValueError:
        return None


def _no_route(path: str) -> Refused:
    told = f"Could not route to {path}, perhaps your object identifier is invalid?"
    return Refused(404, 7003, told, (7000, "No route for that URI"))


def _refuse_when_blocked(limits: Mapping[str, str]) -> None:
    if "Retry-After" in limits:
        raise Refused(429, 10100, "More than 1200 requests per 300 seconds reached.")
