"""What one cycle does about the modem's power, and whether the process ends because the UPS does."""

from collections.abc import Sequence

from cadence_exporter.decide import ledger as book
from cadence_exporter.decide import recovery
from cadence_exporter.model.assessment import Assessment
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.policy import Policy
from cadence_exporter.model.recovery import (
    Ask,
    Bounce,
    EnsureOn,
    PowerAction,
    RecoveryMemory,
    Request,
    Suppression,
    Withheld,
)
from cadence_exporter.model.value import value

_NO_SWITCH = Withheld(Suppression.DEVICE, "no power switch is configured (recovery.device)")


@value
class PowerDecision:
    """The next ledger, what to do, and what kept it from being done."""

    ledger: RecoveryMemory
    action: PowerAction | None = None
    withheld: tuple[Withheld, ...] = ()
    stop: str | None = None


def decide_power(
    memory: Memory, phase: Phase, assessment: Assessment, requests: Sequence[Request], now: Now, policy: Policy
) -> PowerDecision:
    """One cycle's decision about the power. ``phase`` is the one that this cycle comes to."""
    before, view = memory.recovery, assessment.power
    ledger = book.see(book.hear(before, requests, now), view, phase, now)
    if policy.recovery.rehearses or not policy.recovery.switch:
        ledger = book.presumed_on(ledger, phase, now)
    if policy.recovery.ups and view.on_mains is None:
        ledger = book.out_of_sight(ledger, now)
    asked = any(request.ask is Ask.BOUNCE and not request.has_lapsed(now) for request in requests)
    standing = recovery.Standing(
        phase=phase,
        since=memory.since if phase is memory.phase else now,
        started=memory.started,
        fault=assessment.fault,
        view=view,
        store_writable=memory.on_disk,
        ledger=ledger,
    )
    judge = recovery.by_hand if asked else recovery.consider
    action, withheld = judge(standing, now, policy.recovery)
    if not policy.recovery.switch:
        # Also when somebody took it out of the settings in the middle of a bounce, or the store was damaged: nobody could turn it on.
        action, withheld = None, (_NO_SWITCH,) if asked else withheld
    elif isinstance(action, EnsureOn) and not ledger.can_be_ended(policy.recovery):
        action = None
    if isinstance(action, Bounce):
        ledger = book.intend(ledger, action, now, real=not policy.recovery.rehearses)
    # Only when it was seen to become low: a supervisor that starts us again shall not be answered by another end.
    runs_out = view.low_battery and before.low_battery is False
    return PowerDecision(ledger, action, withheld, "the battery of the UPS runs out" if runs_out else None)
