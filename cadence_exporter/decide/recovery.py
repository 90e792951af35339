"""When the power may be cut: every guardrail must permit, and each refusal has a name."""

from collections.abc import Callable

from cadence_exporter.model.assessment import FaultLayer
from cadence_exporter.model.instants import Instant, Now
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.recovery import (
    Bounce,
    EnsureOn,
    PowerAction,
    PowerView,
    RecoveryMemory,
    RecoveryPolicy,
    Suppression,
    Withheld,
)
from cadence_exporter.model.value import value

DAY_S = 86_400.0
LONGEST_COOLDOWN_S = 6 * 3600.0
"""A modem that no bounce helps is tried again now and then: the outage may have become one that a bounce ends."""


@value
class Standing:
    """What this cycle holds true about everything that a guardrail looks at."""

    phase: Phase
    since: Now
    """When the phase was entered."""
    started: Instant | None
    """When this process began."""
    fault: FaultLayer | None
    view: PowerView
    store_writable: bool
    ledger: RecoveryMemory


Guard = Callable[[Standing, Now, RecoveryPolicy], str | None]
"""Why the power must not be cut, or None."""


def consider(standing: Standing, now: Now, policy: RecoveryPolicy) -> tuple[PowerAction | None, tuple[Withheld, ...]]:
    """What to do about the power on our own account."""
    owed = settle(standing, now)
    if standing.phase is not Phase.DOWN:
        return owed, ()
    withheld = _withheld(GUARDS, standing, now, policy)
    return (owed, withheld) if owed or withheld else (Bounce(policy.off_for_s), ())


def by_hand(standing: Standing, now: Now, policy: RecoveryPolicy) -> tuple[PowerAction | None, tuple[Withheld, ...]]:
    """A person asked for a bounce: he sees the modem, so what only guesses about it is left out. The ledger stays."""
    owed = settle(standing, now)
    guards = {reason: guard for reason, guard in GUARDS.items() if reason not in _FOR_A_PERSON_TO_JUDGE}
    withheld = _withheld(guards, standing, now, policy)
    return (owed, withheld) if owed or withheld else (Bounce(policy.off_for_s, by_hand=True), ())


def settle(standing: Standing, now: Now) -> EnsureOn | None:
    """The power is turned on when a bounce should be over and nobody has seen its end; at once, when an earlier process began it."""
    return owed(standing.ledger, standing.started, now)


def owed(ledger: RecoveryMemory, started: Instant | None, now: Now) -> EnsureOn | None:
    """See ``settle``; ``started`` is when this process began."""
    unfinished = ledger.unfinished
    if unfinished is None:
        return None
    begun_before_us = started is None or unfinished.at.instant <= started
    return EnsureOn(unfinished) if begun_before_us or now.instant >= unfinished.due else None


def cooldown_ends(ledger: RecoveryMemory, policy: RecoveryPolicy) -> Instant | None:
    """When the next bounce may be made at the earliest; None before the first one."""
    if not ledger.bounces:
        return None
    doubled: float = policy.cooldown_s * 2.0 ** min(ledger.unhelped, 20)
    return Instant(ledger.bounces[-1].instant + max(policy.cooldown_s, min(doubled, LONGEST_COOLDOWN_S)))


def budget_left(ledger: RecoveryMemory, now: Now, policy: RecoveryPolicy) -> int:
    """Bounces that today still allows; a day is any 24 hours."""
    recent = sum(now.instant - bounce.instant < DAY_S for bounce in ledger.bounces)
    return max(0, policy.max_per_day - recent)


def under_maintenance(ledger: RecoveryMemory, now: Now) -> bool:
    """Whether somebody asked Cadence to change nothing for a while."""
    until = ledger.maintenance_until
    return until is not None and now.instant < until.instant


def _withheld(
    guards: dict[Suppression, Guard], standing: Standing, now: Now, policy: RecoveryPolicy
) -> tuple[Withheld, ...]:
    refusals = ((reason, guard(standing, now, policy)) for reason, guard in guards.items())
    return tuple(Withheld(reason, detail) for reason, detail in refusals if detail is not None)


def _enabled(_: Standing, __: Now, policy: RecoveryPolicy) -> str | None:
    return None if policy.enabled else "recovery.enabled is false"


def _no_maintenance(standing: Standing, now: Now, _: RecoveryPolicy) -> str | None:
    return "maintenance mode is on" if under_maintenance(standing.ledger, now) else None


def _down_long_enough(standing: Standing, now: Now, policy: RecoveryPolicy) -> str | None:
    """Most outages end by themselves."""
    down_s = now.instant - standing.since.instant
    if down_s >= policy.escalation_s:
        return None
    return f"DOWN for {down_s:.0f} s; after {policy.escalation_s:.0f} s at the earliest"


def _at_the_access_line(standing: Standing, _: Now, __: RecoveryPolicy) -> str | None:
    """A modem that is fine would only be taken away. What is not known is no permission."""
    if standing.fault is FaultLayer.ACCESS:
        return None
    return f"the fault lies elsewhere: {standing.fault}" if standing.fault else "nobody knows where the fault lies"


def _own_link_up(standing: Standing, _: Now, __: RecoveryPolicy) -> str | None:
    return None if standing.view.link_up else "this host's own link is not up"


def _boot_grace_over(standing: Standing, now: Now, policy: RecoveryPolicy) -> str | None:
    """After a power cut everything boots at once; and a host that restarts in a loop must not cut the power each time."""
    up_s = 0.0 if standing.started is None else now.instant - standing.started
    return (
        None
        if up_s >= policy.boot_grace_s
        else f"started {up_s:.0f} s ago, and {policy.boot_grace_s:.0f} s must pass first"
    )


def _cooldown_over(standing: Standing, now: Now, policy: RecoveryPolicy) -> str | None:
    ends = cooldown_ends(standing.ledger, policy)
    return None if ends is None or now.instant >= ends else f"{ends - now.instant:.0f} s of the cooldown are left"


def _budget_left(standing: Standing, now: Now, policy: RecoveryPolicy) -> str | None:
    spent = budget_left(standing.ledger, now, policy) == 0
    return f"{policy.max_per_day} bounces within a day" if spent else None


def _on_mains(standing: Standing, _: Now, policy: RecoveryPolicy) -> str | None:
    """On battery the outage is one of power: a bounce drains the battery and helps nobody.

    ``OL FSD``: there is mains, and all the same everything is about to go dark, this host in the middle of a bounce.
    """
    if not policy.ups:
        return None
    if standing.view.low_battery:
        return "the UPS is about to go dark"
    if standing.view.on_mains:
        return None
    return "the UPS is on battery" if standing.view.on_mains is False else "the UPS does not say whether there is mains"


def _mains_back_long_enough(standing: Standing, now: Now, policy: RecoveryPolicy) -> str | None:
    """The ISP's gear boots too."""
    back = standing.ledger.mains_back
    if back is None or now.instant - back.instant >= policy.modem_boot_s:
        return None
    return f"mains back for {now.instant - back.instant:.0f} s, and {policy.modem_boot_s:.0f} s must pass first"


def _device_ready(standing: Standing, _: Now, __: RecoveryPolicy) -> str | None:
    plug = standing.view.plug
    if isinstance(plug, str):
        return plug
    return None if plug.on else "the device's relay is off already"


def _store_writable(standing: Standing, _: Now, __: RecoveryPolicy) -> str | None:
    """Without a ledger on disk nobody could keep to it after a crash."""
    return None if standing.store_writable else "the state store cannot be written"


def _none_unfinished(standing: Standing, _: Now, policy: RecoveryPolicy) -> str | None:
    unfinished = standing.ledger.unfinished
    if unfinished is None:
        return None
    rehearsed = policy.rehearses and not unfinished.real
    return "the rehearsed bounce is not over yet" if rehearsed else "the end of the last bounce was not seen yet"


GUARDS: dict[Suppression, Guard] = {
    Suppression.DISABLED: _enabled,
    Suppression.MAINTENANCE: _no_maintenance,
    Suppression.ESCALATION: _down_long_enough,
    Suppression.FAULT: _at_the_access_line,
    Suppression.OWN_LINK: _own_link_up,
    Suppression.BOOT_GRACE: _boot_grace_over,
    Suppression.COOLDOWN: _cooldown_over,
    Suppression.BUDGET: _budget_left,
    Suppression.UPS: _on_mains,
    Suppression.UPS_GRACE: _mains_back_long_enough,
    Suppression.DEVICE: _device_ready,
    Suppression.STORE: _store_writable,
    Suppression.UNFINISHED: _none_unfinished,
}
_FOR_A_PERSON_TO_JUDGE = {
    Suppression.DISABLED,
    Suppression.ESCALATION,
    Suppression.FAULT,
    Suppression.OWN_LINK,
    Suppression.BOOT_GRACE,
    Suppression.UPS_GRACE,
}
