"""DNS records at Cloudflare, by its API v4. Reads by name and type, PATCHes single fields, creates; it has no way to delete or replace.

No SDK: the official one reads ``200`` with ``success: false`` as an empty list, and an empty list looks like "create it".
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from cachetools import TTLCache

from cadence_exporter.act.dns.cloudflare_errors import GONE_CODES, CloudflareFailed, envelope
from cadence_exporter.act.dns.plan import says
from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.record import RecordSpec
from cadence_exporter.model.zone import HeldRecord, RecordSet
from cadence_exporter.outbound.https import Https, Request
from cadence_exporter.seams import Clock
from cadence_exporter.settings.names import is_within, parse_name

SERVICE = "cloudflare"
MAX_BYTES = 1_048_576  # 100 records with the longest comments and tags are well below
PER_PAGE = 100
MOST_PAGES = 50
"""Five thousand records under one name is not a home: something ignores our filters."""
ZONE_CACHE_S = 86_400.0
MOST_ZONES = 64
NEW_RECORD_TTL_S = 60
"""A home's address moves: 60 s is the least that every plan allows, and "automatic" would mean 300 s of the old address."""
AUTOMATIC_TTL = 1
_NOT_FOUND = 404
_NO_SUCH_PATH = (404, 405, 501)
"""From a server that does not know this part of the API."""


class Cloudflare:
    """See the module. ``zone_id`` None: the zone is found by the record's name, so one token may serve several zones."""

    name = "cloudflare"
    in_public_dns = True

    def __init__(self, https: Https, clock: Clock, *, api_token: str, zone_id: str | None, base_url: str) -> None:
        self._https = https
        self._clock = clock
        self._token = api_token
        self._zone_id = zone_id
        self._base_url = base_url.rstrip("/")
        self._zones: TTLCache[str, str] = TTLCache(MOST_ZONES, ZONE_CACHE_S, timer=clock.monotonic)

    def read(self, spec: RecordSpec, deadline: Instant) -> RecordSet:
        """The records of this name and type, and a CNAME beside them. Raises ActionFailed."""
        zone = self._zone_of(spec.key.name, deadline)
        pinned = self._pinned(zone, spec, deadline) if spec.id is not None else None
        found = [pinned] if pinned is not None else self._records(zone, spec.key.name, deadline)
        here = [record for record in found if _same_name(record, spec.key.name)]
        cname = next((str(record.get("content")) for record in here if record.get("type") == "CNAME"), None)
        return RecordSet(tuple(_held(record) for record in here if record.get("type") == spec.key.type), cname)

    def create(self, spec: RecordSpec, address: IpAddress, deadline: Instant) -> None:
        """Make the missing record. Raises ActionFailed."""
        zone = self._zone_of(spec.key.name, deadline)
        if self._zone_id is not None:
            self._refuse_another_zone(zone, spec.key.name, deadline)
        proxied = bool(spec.proxied)
        fields = {
            "type": str(spec.key.type),
            "name": spec.key.name,
            "content": str(address),
            "ttl": AUTOMATIC_TTL if proxied else spec.ttl or NEW_RECORD_TTL_S,
            "proxied": proxied,
        }
        self._write("POST", f"/zones/{zone}/dns_records", fields, spec, address, deadline)

    def update(self, spec: RecordSpec, held: HeldRecord, address: IpAddress, deadline: Instant) -> None:
        """Change the content, and of the rest only what ``spec`` names and what differs. Raises ActionFailed."""
        if held.id is None:
            raise ActionFailed("a record without an id cannot be changed")
        fields: dict[str, object] = {"content": str(address)}
        if spec.ttl is not None and spec.ttl != held.ttl:
            fields["ttl"] = spec.ttl
        if spec.proxied is not None and spec.proxied is not held.proxied:
            fields["proxied"] = spec.proxied
        zone = self._zone_of(spec.key.name, deadline)
        self._write("PATCH", f"/zones/{zone}/dns_records/{quote(held.id, safe='')}", fields, spec, address, deadline)

    def _pinned(self, zone: str, spec: RecordSpec, deadline: Instant) -> Mapping[str, Any] | None:
        """The record with the id of the settings; None when there is none, or when it is of another name or type."""
        try:
            path = f"/zones/{zone}/dns_records/{quote(str(spec.id), safe='')}"
            result = self._call("GET", path, deadline, cached_as=spec.key.name).get("result")
        except CloudflareFailed as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        fits = isinstance(result, dict) and result.get("type") == spec.key.type and _same_name(result, spec.key.name)
        return result if fits else None

    def _records(self, zone: str, name: str, deadline: Instant) -> Iterator[Mapping[str, Any]]:
        """Everything under a name, of any type: one call shows the record, its duplicates and a CNAME in the way."""
        path = f"/zones/{zone}/dns_records"
        for page in range(1, MOST_PAGES + 1):
            query = {"name.exact": name, "match": "all", "per_page": str(PER_PAGE), "page": str(page)}
            body = self._call("GET", path, deadline, query=query, cached_as=name)
            records = _result_list(body)
            yield from records
            if not _more(body, page, len(records)):
                return
        raise ActionFailed(f"more than {MOST_PAGES * PER_PAGE} records under {name}")

    def _zone_of(self, name: str, deadline: Instant) -> str:
        """The id of the zone a name lies in: labels are stripped from the left until a zone is found (one call each, then cached)."""
        if self._zone_id is not None:
            return quote(self._zone_id, safe="")
        cached = self._zones.get(name)
        if cached is not None:
            return cached
        labels = name.removeprefix("*.").split(".")
        for first in range(len(labels) - 1):
            zone = self._zone_named(".".join(labels[first:]), deadline)
            if zone is not None:
                self._zones[name] = zone
                return zone
        raise ActionFailed(
            f"no zone of {name} is within reach of the API token; allow it Zone Read, or give zone_id", refusal=True
        )

    def _zone_named(self, name: str, deadline: Instant) -> str | None:
        body = self._call("GET", "/zones", deadline, query={"name": name, "per_page": "50"})
        zones = [zone for zone in _result_list(body) if _same_name(zone, name) and _id(zone) is not None]
        if not zones:
            return None
        # Cloudflare names a status in every answer; what imitates its API may know of none.
        active = [zone for zone in zones if zone.get("status", "active") == "active"]
        if len(active) > 1:
            raise ActionFailed(f"the API token sees several zones {name}; give zone_id", refusal=True)
        if not active:
            raise ActionFailed(f"the zone {name} is {zones[0].get('status')}, not active", refusal=True)
        return quote(str(_id(active[0])), safe="")

    def _refuse_another_zone(self, zone: str, name: str, deadline: Instant) -> None:
        """A name outside the zone would be created *below* it: ``vpn.example.net`` as ``vpn.example.net.example.com``."""
        try:
            found = self._call("GET", f"/zones/{zone}", deadline).get("result")
        except CloudflareFailed as error:
            if error.status in _NO_SUCH_PATH and not error.codes:
                return  # Cloudflare gives a code with every refusal: this API cannot say, and the reading back will show
            words = f"cannot tell whether {name} lies in the zone given: {error}; allow the token Zone Read, or make the record by hand"
            refusal = bool(error.codes) and error.retry_after_s is None
            raise ActionFailed(words, retry_after_s=error.retry_after_s, refusal=refusal) from error
        zone_name = _plain_name(found.get("name")) if isinstance(found, dict) else ""
        if not zone_name or not is_within(name, zone_name):
            raise ActionFailed(
                f"{name} does not lie in {zone_name or 'the zone given'}; correct zone_id, or leave it out",
                refusal=True,
            )

    def _write(
        self,
        method: str,
        path: str,
        fields: Mapping[str, object],
        spec: RecordSpec,
        address: IpAddress,
        deadline: Instant,
    ) -> None:
        body = self._call(method, path, deadline, fields=fields, cached_as=spec.key.name)
        result = body.get("result")
        if isinstance(result, dict) and _contradicts(result, spec.key.name, address):
            raise ActionFailed(
                f"Cloudflare said success, but its answer shows something else than {spec.key} with {address}"
            )

    def _call(
        self,
        method: str,
        path: str,
        deadline: Instant,
        *,
        query: Mapping[str, str] | None = None,
        fields: Mapping[str, object] | None = None,
        cached_as: str | None = None,
    ) -> Mapping[str, Any]:
        """One call. Raises ActionFailed; ``cached_as`` is forgotten when the path turns out to lead nowhere."""
        url = self._base_url + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        payload = None if fields is None else json.dumps(fields).encode()
        if payload is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._https.call(Request(SERVICE, url, method, headers, payload, max_bytes=MAX_BYTES), deadline)
        except ProbeFailed as error:
            unclear = "" if method == "GET" else "; whether it was written is unclear"
            raise ActionFailed(f"Cloudflare's API: {error}{unclear}") from error
        try:
            return envelope(answer, self._clock.wall())
        except CloudflareFailed as error:
            if cached_as is not None and error.codes & GONE_CODES:
                self._zones.pop(cached_as, None)
            raise


def _result_list(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The entries of a list answer. Anything but a list is an error: taken for "none" it would lead to a duplicate."""
    result = body.get("result")
    if not isinstance(result, list) or not all(isinstance(entry, dict) for entry in result):
        raise ActionFailed("Cloudflare's answer has no list of results")
    return result


def _more(body: Mapping[str, Any], page: int, count: int) -> bool:
    info = body.get("result_info")
    pages = info.get("total_pages") if isinstance(info, dict) else None
    return page < pages if isinstance(pages, int) else count >= PER_PAGE


def _held(record: Mapping[str, Any]) -> HeldRecord:
    ttl, proxied = record.get("ttl"), record.get("proxied")
    return HeldRecord(
        content=str(record.get("content")),
        id=_id(record),
        ttl=ttl if isinstance(ttl, int) else None,
        proxied=proxied if isinstance(proxied, bool) else None,
    )


def _id(entry: Mapping[str, Any]) -> str | None:
    """An id that can be a part of a path: with ``..`` for one, a record's path would be that of its zone (RFC 3986 section 5.2.4)."""
    id_ = entry.get("id")
    text = str(id_) if isinstance(id_, str | int) else ""
    return text if text.isascii() and text.isprintable() and text.strip(".") else None


def _contradicts(result: Mapping[str, Any], name: str, address: IpAddress) -> bool:
    """Whether the answer to a write shows another record or content. What it leaves out, the reading back will show."""
    another_name = "name" in result and not _same_name(result, name)
    return another_name or ("content" in result and not says(_held(result), address))


def _same_name(entry: Mapping[str, Any], name: str) -> bool:
    """Filtered here again: an ignored filter must never make us touch a stranger's record."""
    return _plain_name(entry.get("name")) == name


def _plain_name(name: object) -> str:
    """A name of an answer in the settings' form: it may come in Unicode, in capitals, with a trailing dot."""
    try:
        return parse_name(name)
    except ValueError:
        return str(name).lower().rstrip(".")
