"""The ``power`` of ``/api/v1/status``: what would happen to the modem's power, and why it would not. Pure.

``enabled``, ``device``   as in the settings; device is null without a switch
``maintenance``           null, or until when Cadence changes nothing, and the seconds that are left of it
``bounces_today``         within 24 hours, and ``left_today``
``cooldown_ends``         null before the first bounce, and when it is over
``may_be_off``            nobody has seen the end of the last bounce yet; never in a rehearsal
``would_act``             whether a bounce would be made now; else ``objections`` (reason, detail) says what stands against it
``relay``                 null when it was not asked; on, watts, or why nothing is known
``ups``                   null without one; on_battery, low_battery, charge (0 to 1), runtime_seconds, or why nothing is known
``last_request``          added by the board: what a person asked for last (ask, at, done, answer)
"""

from typing import Any

from cadence_exporter.decide import recovery
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import Instant, Now, WallTime
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.observation import Answered
from cadence_exporter.model.recovery import RecoveryPolicy, Suppression, Withheld
from cadence_exporter.record.web.calendar_time import iso

_ONLY_WHILE_DOWN = frozenset(
    {Suppression.ESCALATION, Suppression.FAULT, Suppression.OWN_LINK, Suppression.DEVICE, Suppression.UNFINISHED}
)
"""What is not looked at, or means nothing, while the connection works."""


def describe_power(cycle: Cycle | None, policy: RecoveryPolicy, now: Now) -> dict[str, Any]:
    """Before the first cycle the same keys, with nothing known."""
    named = {"enabled": policy.enabled, "device": policy.device if policy.switch else None}
    if cycle is None:
        unknown = ("maintenance", "bounces_today", "left_today", "cooldown_ends", "may_be_off", "relay", "ups")
        return {**named, **dict.fromkeys(unknown), "would_act": False, "objections": []}
    ledger = cycle.memory.recovery
    ends = recovery.cooldown_ends(ledger, policy)
    left = recovery.budget_left(ledger, now, policy)
    against = objections(cycle, policy, now)
    return {
        **named,
        "maintenance": _maintenance(cycle, now),
        "bounces_today": sum(now.instant - each.instant < recovery.DAY_S for each in ledger.bounces),
        "left_today": left,
        "cooldown_ends": iso(wall_of(ends, now)) if ends is not None and ends > now.instant else None,
        "may_be_off": ledger.in_doubt(rehearses=policy.rehearses),
        "would_act": not against,
        "objections": [{"reason": str(each.reason), "detail": each.detail} for each in against],
        "relay": _relay(cycle),
        "ups": _ups(cycle),
    }


def objections(cycle: Cycle, policy: RecoveryPolicy, now: Now) -> tuple[Withheld, ...]:
    """What stands against a bounce at this moment; without a switch, or while the connection works, that comes first."""
    memory = cycle.memory
    standing = recovery.Standing(
        phase=memory.phase,
        since=memory.since,
        started=memory.started,
        fault=cycle.assessment.fault,
        view=cycle.assessment.power,
        store_writable=memory.on_disk,
        ledger=memory.recovery,
    )
    if not policy.switch:
        return (Withheld(Suppression.DEVICE, "no power switch is configured (recovery.device)"),)
    found = ((reason, guard(standing, now, policy)) for reason, guard in recovery.GUARDS.items())
    against = tuple(Withheld(reason, detail) for reason, detail in found if detail is not None)
    if memory.phase is Phase.DOWN:
        return against
    works = Withheld(Suppression.ESCALATION, f"the connection is not DOWN, but {memory.phase.upper()}")
    return (works, *(each for each in against if each.reason not in _ONLY_WHILE_DOWN))


def wall_of(instant: Instant, now: Now) -> WallTime:
    """An instant as the wall clock has it."""
    return WallTime(now.wall + (instant - now.instant))


def _maintenance(cycle: Cycle, now: Now) -> dict[str, Any] | None:
    until = cycle.memory.recovery.maintenance_until
    if until is None or until.instant <= now.instant:
        return None
    left_s = until.instant - now.instant
    return {"until": iso(wall_of(until.instant, now)), "seconds": round(left_s, 1)}


def _relay(cycle: Cycle) -> dict[str, Any] | None:
    if cycle.observation.plug is None:
        return None
    plug = cycle.assessment.power.plug
    if isinstance(plug, str):
        return {"on": None, "watts": None, "why": plug}
    return {"on": plug.on, "watts": plug.watts, "why": None}


def _ups(cycle: Cycle) -> dict[str, Any] | None:
    seen = cycle.observation.ups
    if seen is None:
        return None
    if not isinstance(seen, Answered):
        nothing = dict.fromkeys(("on_battery", "low_battery", "charge", "runtime_seconds"))
        return {**nothing, "why": seen.detail}
    ups = seen.value
    return {
        "on_battery": ups.on_battery,
        "low_battery": ups.low_battery,
        "charge": ups.charge,
        "runtime_seconds": ups.runtime_s,
        "why": None,
    }
