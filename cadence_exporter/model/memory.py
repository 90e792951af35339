"""What the deciding thread carries from cycle to cycle. Frozen: a cycle makes a new one, so a cycle that fails changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address
from types import MappingProxyType

from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.assessment import PublicAddress
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.record import RecordKey


class Phase(StrEnum):
    """The state of the connection, spelt as in metric labels."""

    INIT = "init"
    DOWN = "down"
    DEGRADED = "degraded"
    UP = "up"


class Layer(StrEnum):
    """The lowest layer that failed in an outage."""

    LAN = "lan"
    WAN = "wan"
    IP = "ip"


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of the public address of one family."""

    candidate: IpAddress | None = None
    """The address that the collected confirmations are for."""
    streak: int = 0
    """Agreeing observations of ``candidate`` in a row; thrown away by any demotion, dispute or change."""
    candidate_since: Now | None = None
    """The first evidence of ``candidate``: convergence is measured from here."""
    confirmed: IpAddress | None = None
    """The last address that was confirmed. After a restart: history only, it publishes nothing until confirmed again."""
    confirmed_at: WallTime | None = None
    doubts: int = 0
    """Observations in a row in which the address was disputed, unknown or not public."""
    router_said: IPv4Address | None = None
    """The router's word when it named the very address that was last agreed on: while it stays, echo services are spared."""
    agreed_at: Instant | None = None
    """When echo services last agreed in full."""
    turn: int = 0
    """Whose turn it is among the echo services."""


@dataclass(frozen=True, slots=True)
class Change:
    """A DNS change in flight: written at the provider, not yet seen by the resolvers."""

    address: IpAddress
    evidence_at: Now
    published_at: Now | None = None
    looks: int = 0
    next_look: Instant | None = None


@dataclass(frozen=True, slots=True)
class RecordMemory:
    """What is known of one DNS record."""

    verified: IpAddress | None = None
    """The content last verified at the resolvers or at the provider."""
    verified_at: WallTime | None = None
    writes: tuple[Now, ...] = ()
    """When it was written within the last day, for the daily budget. Counted on the monotonic clock: a wall clock that jumps ahead
    does not refill the budget, and one that was ahead for a while does not keep it spent for years."""
    failures: int = 0
    """Failed attempts in a row."""
    hold_until: Instant | None = None
    """Not touched before: the provider asked to wait, or an attempt failed."""
    refusal: str | None = None
    """Why the provider's record cannot be changed safely, until it is looked at again."""
    change: Change | None = None
    drifted: bool = False
    """It was seen to hold something else since it was verified, and was not put right yet."""

    def holds(self, address: IpAddress) -> bool | None:
        """Whether the record says ``address``, as far as is known; ``None`` when it was never looked at."""
        if self.drifted:
            return False
        return None if self.verified is None else self.verified == address


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without UP, after there was one."""

    began: Now
    layer: Layer


@dataclass(frozen=True, slots=True)
class EchoPlan:
    """Which echo services the next observation asks, decided one cycle ahead."""

    first: int
    """How many are asked at first; 0 asks none: they have a rest."""
    turn: int = 0
    """Where in the list to begin: the services take turns."""
    expected: IpAddress | None = None
    """When all asked first say this, the rest is left in peace; any other answer brings in the whole panel."""
    spare_if_router_says: IPv4Address | None = None
    """When the router still says this, none is asked."""
    meanwhile: PublicAddress | None = None
    """The verdict that stands while the services have a rest."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything a decision is made from, besides the assessment and the time."""

    phase: Phase
    since: Now
    """When ``phase`` was entered."""
    cycle: int = 0
    """Cycles since the first start ever."""
    up_cycles: int = 0
    beliefs: Mapping[Family, Belief] = field(default_factory=lambda: MappingProxyType({}))
    records: Mapping[RecordKey, RecordMemory] = field(default_factory=lambda: MappingProxyType({}))
    echo_plans: Mapping[Family, EchoPlan] = field(default_factory=lambda: MappingProxyType({}))
    """What the next observation asks; a family that is missing is asked in full."""
    outage: Outage | None = None
