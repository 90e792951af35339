"""What is known, asked and done about the modem's power. Cutting it is called a bounce, so that *cycle* means one thing."""

from enum import StrEnum

from cadence_exporter.model.instants import Instant, Now
from cadence_exporter.model.power import BounceReceipt, PowerReading
from cadence_exporter.model.value import value


class Suppression(StrEnum):
    """Which guardrail kept the power from being cut. A closed set: it is a metric label."""

    DISABLED = "disabled"
    MAINTENANCE = "maintenance"
    ESCALATION = "escalation"
    FAULT = "fault"
    OWN_LINK = "own_link"
    BOOT_GRACE = "boot_grace"
    COOLDOWN = "cooldown"
    BUDGET = "budget"
    UPS = "ups"
    UPS_GRACE = "ups_grace"
    DEVICE = "device"
    STORE = "store"
    UNFINISHED = "unfinished"


REHEARSAL = "rehearsal"
"""The switch that asks no relay: it must not claim to have seen one."""


@value
class Withheld:
    """One guardrail that refused in this cycle."""

    reason: Suppression
    detail: str


@value
class RecoveryPolicy:
    """All times in seconds."""

    enabled: bool = False
    device: str = REHEARSAL
    """Its type, as in the settings."""
    escalation_s: float = 240.0
    """How long the connection must have been DOWN: what a network needs to heal itself, and a buffer."""
    off_for_s: float = 30.0
    cooldown_s: float = 1800.0
    max_per_day: int = 4
    boot_grace_s: float = 600.0
    modem_boot_s: float = 180.0
    ups: bool = False
    """A UPS is configured: its word is needed."""
    identity: str | None = None
    """The device that the settings name; otherwise the one that was met first."""
    switch: bool = True
    """There is a switch at all, if only for people to ask for."""

    @property
    def rehearses(self) -> bool:
        """The switch switches nothing, so the power is never in doubt."""
        return self.switch and self.device == REHEARSAL


SWITCHED_OFF = RecoveryPolicy(switch=False)


@value
class PowerView:
    """What one observation says about the power."""

    link_up: bool | None = None
    """This host's own link; ``None``: not known."""
    on_mains: bool | None = None
    """``None``: no UPS is configured, or it could not be asked."""
    low_battery: bool = False
    plug: PowerReading | str = "the device was not asked"
    """What the right device says, or why nothing is known of it."""
    plug_id: str | None = None
    """The id of the device that answered."""


NOTHING_SEEN = PowerView()


@value
class Unfinished:
    """A bounce of which nobody has seen the end: the power may be off."""

    at: Now
    """When the power was cut, at the earliest."""
    off_for_s: float
    real: bool = False
    """A relay was told to cut, so that only a relay that is read as on ends it. Otherwise it was rehearsed, or is presumed after damage."""

    @property
    def due(self) -> Instant:
        """When the power should be back."""
        return Instant(self.at.instant + self.off_for_s)


@value
class RecoveryMemory:
    """The ledger. A bounce is noted before it is made, so that a crash in the middle counts as one."""

    bounces: tuple[Now, ...] = ()
    """Of the last day, the oldest first. After a restart their instants are the latest that they can have been: a clock that jumped
    makes a cooldown longer, never shorter."""
    unfinished: Unfinished | None = None
    unhelped: int = 0
    """Bounces in a row after which the connection did not come UP before the next one."""
    awaiting_up: Now | None = None
    """The last bounce, while the connection is not UP since."""
    identity: str | None = None
    """The device that was met first: another one at its address is never switched."""
    maintenance_until: Now | None = None
    """Until then Cadence watches and changes nothing; on both clocks, and the later one counts."""
    on_battery: bool = False
    mains_back: Now | None = None
    """When the mains returned last, or the UPS was last not to be asked: the gear of the ISP boots too."""
    low_battery: bool | None = None
    """As this process last saw the UPS; ``None``: it has not seen it yet."""

    def in_doubt(self, *, rehearses: bool) -> bool:
        """Whether the modem's power may be off, by what was done before a rehearsal, too."""
        return self.unfinished is not None and (self.unfinished.real or not rehearses)

    def can_be_ended(self, policy: RecoveryPolicy) -> bool:
        """Whether somebody owes the end of a bounce, and there is a switch that can bring it about. A rehearsal touches no relay."""
        unfinished = self.unfinished
        return unfinished is not None and policy.switch and not (unfinished.real and policy.rehearses)


EMPTY_LEDGER = RecoveryMemory()


@value
class Bounce:
    """Cut the power for ``off_for_s`` seconds."""

    off_for_s: float
    by_hand: bool = False
    """A person asked for it."""


@value
class EnsureOn:
    """The power may be off: turn it on, and read that back."""

    since: Unfinished | None = None


PowerAction = Bounce | EnsureOn


class PowerResult(StrEnum):
    """How an action on the power ended. A closed set: it is a metric label."""

    SUCCESS = "success"
    """Done, and its return is proven."""
    REHEARSED = "rehearsed"
    """Nothing was switched: it would have been."""
    REFUSED = "refused"
    """The device must not be switched as things stand; nothing was."""
    DOUBTFUL = "doubtful"
    """The power may be off, without proof that it comes back."""
    FAILED = "failed"
    """Nothing was switched, for the device could not be reached."""


@value
class PowerOutcome:
    """One action on the power and what came of it."""

    action: PowerAction
    result: PowerResult
    detail: str
    at: Now
    took_s: float
    receipt: BounceReceipt | None = None


def no_switch(action: PowerAction) -> PowerOutcome:
    """Where no switch is configured, nobody decides about one."""
    raise LookupError(f"no power switch is configured for {action}")


def unnoted(bounce: Bounce, at: Now) -> PowerOutcome:
    """A bounce that was not made, for the ledger could not be written before it."""
    return PowerOutcome(bounce, PowerResult.REFUSED, "store: the state store cannot be written", at, 0.0)


class Ask(StrEnum):
    """What a person can ask of a running instance."""

    BOUNCE = "bounce"
    MAINTENANCE_ON = "maintenance_on"
    MAINTENANCE_OFF = "maintenance_off"


LAPSES_AFTER_S = 300.0
"""Whoever asked for a bounce so long ago saw another modem than the one of now, and may work at it."""


@value
class Request:
    """One wish of a person, handed over at the beginning of a cycle."""

    ask: Ask
    for_s: float = 0.0
    """How long maintenance lasts."""
    asked: Now | None = None
    """When it was asked for, where that is known."""

    def has_lapsed(self, now: Now) -> bool:
        """Whether too much time went by on either clock: one of them stands still while the machine sleeps."""
        asked = self.asked
        return asked is not None and max(now.instant - asked.instant, now.wall - asked.wall) > LAPSES_AFTER_S
