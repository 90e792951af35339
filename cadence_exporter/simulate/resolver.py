"""Public resolvers with caches: they go on saying for a TTL what was there before, and cache that a name does not exist."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import IpAddress, RecordType
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.record import RecordKey
from cadence_exporter.model.zone import TruthAnswer
from cadence_exporter.simulate.ills import Ills
from cadence_exporter.simulate.zone import AUTOMATIC_TTL_S

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

SERVICE = "doh"
CALL_S = 0.03
NEGATIVE_TTL_S = 300.0
"""For so long a resolver remembers that a name does not exist (RFC 2308)."""
AUTHORITATIVE_DELAY_S = 2.0
"""From the provider's API to its name servers."""
ELSEWHERE = ip_address("104.16.132.229")
"""What the target of a CNAME in the way resolves to."""


class Malady(StrEnum):
    """What can be wrong with a resolver."""

    SILENT = "silent"
    SERVFAIL = "servfail"
    STALE = "serves what is stale"
    BLOCKED = "says that there is no such name"
    SINKHOLE = "says 0.0.0.0"


@dataclass(frozen=True, slots=True)
class _Cached:
    addresses: tuple[IpAddress, ...]
    exists: bool
    until: float


class Resolver:
    """Implements ``seams.DnsTruth``: one operator."""

    def __init__(self, operator: str, world: "World") -> None:
        self.operator = operator
        self._world = world
        self.ills: Ills[Malady] = Ills()
        self._cache: dict[RecordKey, _Cached] = {}
        self.said: dict[RecordKey, tuple[IpAddress, ...]] = {}
        """The answers of the present cycle, for the checkers."""

    def look_up(self, key: RecordKey, deadline: Instant) -> TruthAnswer:
        """See the seam."""
        world = self._world
        world.step()
        world.pass_time(CALL_S)
        if not world.online() or self.ills.newest is Malady.SILENT:
            world.call(SERVICE, "error")
            if self.ills.newest is Malady.SILENT:
                world.pass_time(max(0.0, deadline - world.clock.monotonic()))
            raise ProbeFailed(FailureReason.TIMEOUT, "in the simulation")
        world.call(SERVICE, "2xx")
        match self.ills.newest:
            case Malady.SERVFAIL:
                raise ProbeFailed(FailureReason.DNS, "SERVFAIL")
            case Malady.BLOCKED:
                return self._answer(key, (), "NXDOMAIN", 60)
            case Malady.SINKHOLE:
                return self._answer(key, (ip_address("0.0.0.0"),), "NOERROR", 60)  # noqa: S104 - what blocking resolvers answer
        cached = self._cached(key)
        left_s = max(0, int(cached.until - world.clock.true))
        return self._answer(key, cached.addresses, "NOERROR" if cached.exists else "NXDOMAIN", left_s)

    def shows(self, key: RecordKey) -> tuple[IpAddress, ...]:
        """What a stranger would be told now."""
        return self._cached(key).addresses

    def _cached(self, key: RecordKey) -> _Cached:
        true = self._world.clock.true
        cached = self._cache.get(key)
        if cached is not None and (true < cached.until or self.ills.newest is Malady.STALE):
            return cached
        cached = self._ask_the_zone(key)
        self._cache[key] = cached
        return cached

    def _ask_the_zone(self, key: RecordKey) -> _Cached:
        true, zone = self._world.clock.true, self._world.zone
        if zone.cnames.active:
            elsewhere = (ELSEWHERE,) if key.type is RecordType.A else ()
            return _Cached(elsewhere, exists=True, until=true + AUTOMATIC_TTL_S)
        held = zone.published_as_of(key, AUTHORITATIVE_DELAY_S)
        ttl_s = min((each.ttl or AUTOMATIC_TTL_S for each in held), default=NEGATIVE_TTL_S)
        exists = any(zone.published_as_of(RecordKey(key.name, kind), AUTHORITATIVE_DELAY_S) for kind in RecordType)
        addresses = tuple(sorted({ip_address(each.content) for each in held}, key=int))
        return _Cached(addresses, exists, true + ttl_s)

    def _answer(self, key: RecordKey, addresses: tuple[IpAddress, ...], rcode: str, ttl_s: int) -> TruthAnswer:
        self.said[key] = addresses
        return TruthAnswer(self.operator, addresses, rcode, ttl_s)
