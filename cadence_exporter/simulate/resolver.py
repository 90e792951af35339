"""Public resolvers with caches: they go on saying for a TTL what was there before, and cache that a name does not exist."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.record import RecordKey
from cadence_exporter.model.zone import TruthAnswer
from cadence_exporter.simulate.ills import Ills

if TYPE_CHECKING:
    from cadence_exporter.simulate.world import World

SERVICE = "doh"
CALL_S = 0.03
NEGATIVE_TTL_S = 300.0
"""For so long a resolver remembers that a name does not exist (RFC 2308)."""
AUTHORITATIVE_DELAY_S = 2.0
"""From the provider's API to its name servers."""


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
    until: float
    ttl_s: int


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
                return self._answer(key, (), 60)
            case Malady.SINKHOLE:
                return self._answer(key, (ip_address("0.0.0.0"),), 60)  # noqa: S104 - what blocking resolvers answer
        cached = self._cached(key)
        return self._answer(key, cached.addresses, cached.ttl_s)

    def shows(self, key: RecordKey) -> tuple[IpAddress, ...]:
        """What a stranger would be told now."""
        return self._cached(key).addresses

    def _cached(self, key: RecordKey) -> _Cached:
        true = self._world.clock.true
        cached = self._cache.get(key)
        if cached is not None and (true < cached.until or self.ills.newest is Malady.STALE):
            return cached
        held = self._world.zone.published_as_of(key, AUTHORITATIVE_DELAY_S)
        ttl_s = min((each.ttl or 300 for each in held), default=int(NEGATIVE_TTL_S))
        fresh = _Cached(tuple(ip_address(each.content) for each in held), true + ttl_s, ttl_s)
        self._cache[key] = fresh
        return fresh

    def _answer(self, key: RecordKey, addresses: tuple[IpAddress, ...], ttl_s: int) -> TruthAnswer:
        self.said[key] = addresses
        return TruthAnswer(self.operator, addresses, "NOERROR" if addresses else "NXDOMAIN", ttl_s)
