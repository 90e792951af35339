"""What is known of the switch that the modem's power runs through, and what a bounce leaves behind."""

from enum import StrEnum

from cadence_exporter.model.instants import Instant
from cadence_exporter.model.value import value


@value
class Identity:
    """Which device answers at the address: addresses move with DHCP leases, this does not."""

    id: str
    """MAC address as twelve lower-case hexadecimal digits, or another id of its maker; see ``plain_id``."""
    model: str
    firmware: str


@value
class PowerReading:
    """What the device says of its relay."""

    on: bool
    watts: float | None = None
    """The load's power, when the device measures it."""
    returns: bool = False
    """The device itself is going to turn the power on again."""
    timer_left_s: float | None = None
    """Seconds until it does, when it tells."""


@value
class PlugSeen:
    """The right device, and what it says of its relay."""

    identity: Identity
    reading: PowerReading


class Proof(StrEnum):
    """Why the power is sure to come back after a bounce. A closed set: it is a metric label."""

    TIMER = "timer"
    """The device's own timer was read back after the power was cut."""
    SCRIPT = "script"
    """Something beside the device (a script of Home Assistant) was seen to run, and owns the delay."""
    DECLARED = "declared"
    """Only the user's word: what was called is said to turn the power on again by itself."""
    CONTROLLER = "controller"
    """Nobody but Cadence turns it on again: ``ensure_on`` is owed at ``on_due_at``, and at the next start after a crash."""
    REHEARSED = "rehearsed"
    """Nothing was switched."""


@value
class BounceReceipt:
    """The power was cut, and this is why it comes back. ``ensure_on`` at ``on_due_at`` is right for every kind of proof."""

    identity: Identity
    proof: Proof
    cut_at: Instant
    """Just before the device was told to cut."""
    off_for_s: float
    on_due_at: Instant
    """When the power should be on again at the latest."""
    watts_before: float | None = None
    watts_off: float | None = None
    """The load's power after the cut; the same as before: the relay is welded, or feeds something else."""


def plain_id(text: str) -> str:
    """An id as it is compared: ``A8:03:2A:BE:54:DC``, ``a8-03-2a-be-54-dc`` and ``A8032ABE54DC`` are one."""
    lower = text.strip().lower()
    bare = lower.replace(":", "").replace("-", "").replace(".", "")
    is_mac = len(bare) == 12 and all(letter in "0123456789abcdef" for letter in bare)  # noqa: PLR2004 - 48 bits
    return bare if is_mac else lower
