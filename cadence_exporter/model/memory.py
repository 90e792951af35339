"""What the deciding thread carries from cycle to cycle. Frozen: a cycle makes a new one, so a cycle that fails changes nothing."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from ipaddress import IPv4Address
from types import MappingProxyType

from cadence_exporter.model.address import Family, IpAddress
from cadence_exporter.model.assessment import FaultLayer, Nat, PublicAddress
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.record import RecordKey
from cadence_exporter.model.recovery import EMPTY_LEDGER, RecoveryMemory
from cadence_exporter.model.trace import UsualPath
from cadence_exporter.model.value import value


class Phase(StrEnum):
    """The state of the connection, spelt as in metric labels."""

    INIT = "init"
    DOWN = "down"
    DEGRADED = "degraded"
    UP = "up"


BLIND = (Phase.INIT, Phase.DOWN)
"""Nothing is known of the outside, or nothing comes through."""


class Layer(StrEnum):
    """The lowest layer that failed in an outage."""

    LAN = "lan"
    WAN = "wan"
    IP = "ip"


@value
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
    outside_said: IPv4Address | None = None
    """The tripwire's word, likewise."""
    agreed_at: Instant | None = None
    """When echo services last agreed in full."""
    turn: int = 0
    """Whose turn it is among the echo services."""


@value
class Change:
    """A DNS change in flight: written at the provider, not yet seen by the resolvers."""

    address: IpAddress
    evidence_at: Now
    published_at: Now | None = None
    looks: int = 0
    next_look: Instant | None = None


@value
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


@value
class Outage:
    """A time without UP, after there was one."""

    began: Now
    layer: Layer
    """What was to be seen when it began."""
    fault: FaultLayer | None = None
    """Where it broke: the first layer that the evidence named while it lasted."""

    @property
    def where(self) -> str:
        """The layer that it is laid to by now."""
        return str(self.fault or self.layer)


@value
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
    spare_if_outside_says: IPv4Address | None = None
    """When the tripwire still says this, none is asked."""
    even_if_hinted: bool = False
    """A hint changes nothing: so many of them came that the calls of this hour run out."""

    def vouched(self, router_says: IPv4Address | None, outside_says: IPv4Address | None) -> bool | None:
        """Whether those who vouch for the address still do: True spares everyone, False asks everyone; None: they keep silent."""
        by_router, by_outside = self.spare_if_router_says, self.spare_if_outside_says
        router = None if by_router is None or router_says is None else router_says == by_router
        outside = None if by_outside is None or outside_says is None else outside_says == by_outside
        if router is None or outside is None:
            return outside if router is None else router
        return router and outside


@value
class Rest:
    """An echo service that fails."""

    failures: int
    """In a row, while the WAN path worked."""
    until: Instant
    """It is not asked before."""


@value
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
    usual_path: UsualPath | None = None
    """The way out as it was last traced while it worked."""
    router_edge: bool | None = None
    """Whether the router's word on its WAN side, while the path works, is a public or shared address: then it is the edge of the home.
    False: it names none, or a private one, as behind a second router; ``None``: it does not say."""
    nat: Nat = Nat.UNKNOWN
    """What was last known to stand between the router and the world."""
    echo_rests: Mapping[tuple[Family, str], Rest] = field(default_factory=lambda: MappingProxyType({}))
    """Echo services (family and URL) that failed the last time they were asked."""
    recovery: RecoveryMemory = EMPTY_LEDGER
    started: Instant | None = None
    """When this process began to look; ``None`` before the loop did."""
    on_disk: bool = True
    """Whether the last commit reached the disk."""
    calls: tuple[tuple[str, Instant], ...] = ()
    """Service and time of each call, the oldest first; what was called before a restart included. They are kept for an hour at least,
    until the next ones are noted: who counts them looks at their times."""

    def plan_for(self, family: Family, *, hinted: bool) -> EchoPlan | None:
        """What the next observation asks; ``None`` asks everyone."""
        plan = self.echo_plans.get(family)
        return None if plan is None or (hinted and not plan.even_if_hinted) else plan
