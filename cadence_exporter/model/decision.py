"""Decide -> act: the next memory, what to do, and when to look again."""

from enum import StrEnum

from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.model.instants import Instant, Now
from cadence_exporter.model.memory import Layer, Memory, Phase
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.recovery import PowerAction, Withheld
from cadence_exporter.model.value import value


class Refusal(StrEnum):
    """Why a DNS record was not touched although it is not known to be right. A closed set: it is a metric label."""

    NOT_UP = "not_up"
    UNSTABLE_IP = "unstable_ip"
    DISPUTED = "disputed"
    UNKNOWN = "unknown"
    NOT_PUBLIC = "not_public"
    RATE_LIMITED = "rate_limited"
    BACKOFF = "backoff"
    CONFLICT = "conflict"
    DRY_RUN = "dry_run"
    MAINTENANCE = "maintenance"


@value
class Refused:
    """One record, left alone for one reason."""

    record: RecordKey
    reason: Refusal
    detail: str


@value
class Reconcile:
    """Make sure that ``record`` says ``address``: ask truth, then the provider, then write and read back."""

    record: RecordSpec
    address: IpAddress
    evidence_at: Now
    """The first evidence of ``address``."""
    decided_at: Now
    """The cycle in which the address was looked at."""
    full_truth: bool
    """Ask every truth operator; otherwise one of them, in turn, which is enough to renew what was verified before."""
    turn: int
    may_write: bool
    """False when the daily budget is spent: look, but leave."""
    resolvers_may_lag: bool = False
    """True after a recent write (or an attempt) of another address: resolvers may still show what was there before it,
    and when the address goes back to just that, their word proves nothing. Then the provider is asked in any case."""


@value
class ConfirmVisible:
    """Ask truth whether a published change has arrived at the resolvers."""

    record: RecordSpec
    address: IpAddress


Action = Reconcile | ConfirmVisible


@value
class Transition:
    """A step of the state machine."""

    from_phase: Phase
    to_phase: Phase
    why: str

    @property
    def is_demotion(self) -> bool:
        """Whether trust was lost. DOWN lies below INIT: in INIT nothing is known, in DOWN the path is known to fail."""
        order = (Phase.DOWN, Phase.INIT, Phase.DEGRADED, Phase.UP)
        return order.index(self.to_phase) < order.index(self.from_phase)


@value
class OutageEnded:
    """An outage that is over."""

    began: Now
    ended: Now
    layer: Layer
    fault: FaultLayer | None = None

    @property
    def seconds(self) -> float:
        """Its length on the monotonic clock."""
        return self.ended.instant - self.began.instant

    @property
    def where(self) -> str:
        """Where it broke when that was found out, else what was to be seen when it began."""
        return str(self.fault or self.layer)


@value
class AddressChanged:
    """A new public address was confirmed."""

    before: IpAddress | None
    after: IpAddress


@value
class Decision:
    """What one cycle concluded."""

    memory: Memory
    actions: tuple[Action, ...]
    refused: tuple[Refused, ...]
    transition: Transition | None
    outage_began: Layer | None
    outage_ended: OutageEnded | None
    address_changes: tuple[AddressChanged, ...]
    next_look: Instant
    """When the next cycle is due, unless somebody rings."""
    why: str
    """What set the pace: ``healthy``, ``not up``, ``confirm``, ``visible`` ..."""
    power: PowerAction | None = None
    withheld: tuple[Withheld, ...] = ()
    """The guardrails that kept the power on, while the connection was DOWN or a person asked."""
    stop: str | None = None
    """Why the process should end by itself."""
