"""The records of one pretend Cloudflare zone: what the API accepts, what it refuses and with which error code.

Codes and rules: Cloudflare API v4, operations under /zones/{zone_id}/dns_records.
"""

import hashlib
import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

from cadence_exporter.demo.zone_answer import ZoneAnswer
from cadence_exporter.seams import Clock

AUTOMATIC_TTL = 1
"""What the API calls an automatic TTL."""

AUTOMATIC_TTL_S = 300
"""What resolvers are told when the TTL is automatic, in seconds."""

PROXY_ADDRESSES = {"A": ("104.21.48.7", "172.67.150.9"), "AAAA": ("2606:4700:3030::6815:3007",)}
"""What resolvers are told of a proxied record: addresses of the proxy, never the content."""

DEFAULTS: Mapping[str, Any] = {"ttl": AUTOMATIC_TTL, "proxied": False, "comment": None, "tags": [], "settings": {}}
"""What a field goes back to when a POST or PUT leaves it out."""

FIELDS = frozenset((*DEFAULTS, "name", "type", "content", "priority", "data"))

Record = dict[str, Any]


class Refused(Exception):
    """An API error: HTTP status, code, message and, for validation errors, the code and message beneath."""

    def __init__(self, status: int, code: int, message: str, beneath: tuple[int, str] | None = None) -> None:
        super().__init__(f"{code} {message}")
        self.status = status
        error: dict[str, Any] = {"code": code, "message": message}
        if beneath is not None:
            error["error_chain"] = [{"code": beneath[0], "message": beneath[1]}]
        self.error = error


class CloudflareZone:
    """Not safe for threads by itself: the service holds a lock around it."""

    def __init__(self, name: str, zone_id: str, clock: Clock) -> None:
        self.name = name
        self.id = zone_id
        self.records: list[Record] = []
        self._clock = clock
        self._serial = itertools.count(1)

    def described(self) -> dict[str, Any]:
        """The zone object."""
        return {
            "id": self.id,
            "name": self.name,
            "status": "active",
            "paused": False,
            "type": "full",
            "name_servers": ["ada.ns.example.net", "bob.ns.example.net"],
        }

    def absolute(self, name: str) -> str:
        """As the API keeps names: lower case, punycode, no trailing dot; a name outside the zone is taken as relative to it."""
        plain = name.rstrip(".").lower()
        ascii_name = plain.encode("idna").decode() if not plain.isascii() else plain
        if ascii_name in ("@", ""):
            return self.name
        inside = ascii_name == self.name or ascii_name.endswith(f".{self.name}")
        return ascii_name if inside else f"{ascii_name}.{self.name}"

    def find(self, record_id: str) -> Record:
        """The record of that id. Raises Refused (81044)."""
        for record in self.records:
            if record["id"] == record_id:
                return record
        raise Refused(404, 81044, "Record does not exist.")

    def create(self, fields: Mapping[str, Any]) -> Record:
        """POST. Same name and type with other content makes a second record, as at Cloudflare."""
        wanted = self._valid({**DEFAULTS, **fields})
        self._conflicts(wanted, None)
        return self.add(wanted)

    def replace(self, record_id: str, fields: Mapping[str, Any]) -> Record:
        """PUT: what is left out goes back to its default."""
        return self._change(record_id, {**DEFAULTS, **fields})

    def change(self, record_id: str, fields: Mapping[str, Any]) -> Record:
        """PATCH: what is left out stays."""
        kept = {key: value for key, value in self.find(record_id).items() if key in FIELDS}
        return self._change(record_id, {**kept, **fields})

    def add(self, fields: Mapping[str, Any]) -> Record:
        """Put a record there without any check: the API after its own, and the hand of somebody at the dashboard."""
        stamp = self._stamp()
        serial = f"{self.id} {next(self._serial)}"
        record = {
            **DEFAULTS,
            **fields,
            "id": hashlib.sha256(serial.encode()).hexdigest()[:32],
            "proxiable": fields["type"] in ("A", "AAAA", "CNAME"),
            "meta": {},
            "created_on": stamp,
            "modified_on": stamp,
        }
        self.records.append(record)
        return record

    def answer(self, name: str, record_type: str) -> ZoneAnswer:
        """What the name servers of this zone say (a wildcard covers names that do not exist, RFC 4592)."""
        here = [record for record in self.records if record["name"] == name]
        if not here:
            _, _, parent = name.partition(".")
            here = [record for record in self.records if record["name"] == f"*.{parent}"]
        cname = next((record["content"] for record in here if record["type"] == "CNAME"), None)
        matching = [record for record in here if record["type"] == record_type]
        if any(record["proxied"] for record in matching):
            return ZoneAnswer(exists=True, contents=PROXY_ADDRESSES[record_type], ttl_s=AUTOMATIC_TTL_S)
        ttl_s = min((record["ttl"] for record in matching), default=AUTOMATIC_TTL)
        contents = tuple(record["content"] for record in matching)
        return ZoneAnswer(
            bool(here) or name == self.name, contents, AUTOMATIC_TTL_S if ttl_s == AUTOMATIC_TTL else ttl_s, cname
        )

    def _change(self, record_id: str, fields: Mapping[str, Any]) -> Record:
        record = self.find(record_id)
        wanted = self._valid(fields)
        self._conflicts(wanted, record_id)
        record.update(wanted, modified_on=self._stamp())
        return record

    def _valid(self, fields: Mapping[str, Any]) -> Record:
        for key in ("name", "type", "content"):
            if not isinstance(fields.get(key), str) or not fields[key]:
                raise Refused(400, 1004, "DNS Validation Error", (9000, f"{key} is missing or is not text."))
        content, ttl, proxied = fields["content"], fields["ttl"], fields["proxied"]
        if not isinstance(proxied, bool):
            raise Refused(400, 1004, "DNS Validation Error", (9003, "Invalid 'proxied' value, must be a boolean."))
        if not _ttl_in_range(ttl):
            told = "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic."
            raise Refused(400, 1004, "DNS Validation Error", (9021, told))
        if fields["type"] == "A" and not _is_address(IPv4Address, content):
            raise Refused(
                400, 1004, "DNS Validation Error", (9005, "Content for A record must be a valid IPv4 address.")
            )
        if fields["type"] == "AAAA" and not _is_address(IPv6Address, content):
            raise Refused(
                400, 1004, "DNS Validation Error", (9006, "Content for AAAA record must be a valid IPv6 address.")
            )
        kept = {key: value for key, value in fields.items() if key in FIELDS}
        # A proxied record always reports an automatic TTL, whatever was asked.
        return {**kept, "name": self.absolute(fields["name"]), "ttl": AUTOMATIC_TTL if proxied else ttl}

    def _conflicts(self, wanted: Record, own_id: str | None) -> None:
        others = [other for other in self.records if other["name"] == wanted["name"] and other["id"] != own_id]
        same = ("type", "content")
        if any(all(other[key] == wanted[key] for key in same) for other in others):
            raise Refused(400, 81058, "An identical record already exists.")
        types = {other["type"] for other in others}
        if wanted["type"] == "CNAME" and types & {"A", "AAAA", "CNAME"}:
            raise Refused(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")
        if wanted["type"] in ("A", "AAAA") and "CNAME" in types:
            raise Refused(400, 81054, "A CNAME record with that host already exists.")

    def _stamp(self) -> str:
        return datetime.fromtimestamp(self._clock.wall(), UTC).isoformat().replace("+00:00", "Z")


def _ttl_in_range(ttl: object) -> bool:
    lowest, highest = 60, 86400
    is_number = isinstance(ttl, int) and not isinstance(ttl, bool)
    return is_number and (ttl == AUTOMATIC_TTL or lowest <= ttl <= highest)  # type: ignore[operator]


def _is_address(form: type[IPv4Address | IPv6Address], content: str) -> bool:
    try:
        form(content)
    except AddressValueError:
        return False
    return True
