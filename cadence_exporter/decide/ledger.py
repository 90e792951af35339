"""How the ledger of power recovery goes on: what is asked, begun, ended, and whether it helped. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from cadence_exporter.decide.recovery import DAY_S
from cadence_exporter.model.instants import Now, WallTime, later
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.recovery import (
    Ask,
    Bounce,
    EnsureOn,
    PowerOutcome,
    PowerResult,
    PowerView,
    RecoveryMemory,
    Request,
    Unfinished,
)

CUT_WITHIN_S = 30.0
"""Between the beginning of a look and the cut that follows from it lie the look, the intent on disk and the calls to the device."""
LONGEST_MAINTENANCE_S = 7 * 86_400.0
"""Maintenance that somebody forgot ends by itself."""


def hear(ledger: RecoveryMemory, requests: Sequence[Request], now: Now) -> RecoveryMemory:
    """Maintenance as people asked for it, the last word counts; it ends when its time is over."""
    for request in requests:
        if request.ask is Ask.MAINTENANCE_ON:
            for_s = min(request.for_s, LONGEST_MAINTENANCE_S)
            until = Now(later(now.instant, for_s), WallTime(now.wall + for_s))
            ledger = replace(ledger, maintenance_until=until)
        elif request.ask is Ask.MAINTENANCE_OFF:
            ledger = replace(ledger, maintenance_until=None)
    over = ledger.maintenance_until is not None and now.instant >= ledger.maintenance_until.instant
    return replace(ledger, maintenance_until=None) if over else ledger


def see(ledger: RecoveryMemory, view: PowerView, phase: Phase, now: Now) -> RecoveryMemory:
    """What the observation adds: the mains going and coming, the device met first, and whether the last bounce helped."""
    if view.on_mains is not None and view.on_mains is ledger.on_battery:
        ledger = replace(ledger, on_battery=not view.on_mains, mains_back=now if view.on_mains else ledger.mains_back)
    if view.on_mains is not None and view.low_battery is not ledger.low_battery:
        ledger = replace(ledger, low_battery=view.low_battery)
    if ledger.identity is None and view.plug_id is not None:
        ledger = replace(ledger, identity=view.plug_id)
    if phase is Phase.UP and (ledger.awaiting_up or ledger.unhelped):
        ledger = replace(ledger, awaiting_up=None, unhelped=0)
    return ledger


def out_of_sight(ledger: RecoveryMemory, now: Now) -> RecoveryMemory:
    """The UPS does not answer: what runs without a battery may have lost its power, the way to the UPS with it."""
    return replace(ledger, mains_back=now)


def intend(ledger: RecoveryMemory, bounce: Bounce, now: Now) -> RecoveryMemory:
    """The ledger as it is put on disk before the power is cut: from now on it counts, and somebody owes a look at its end.

    It is dated as late as the power can still be cut, for a crash may take the true time with it.
    """
    latest = Now(later(now.instant, CUT_WITHIN_S), WallTime(now.wall + CUT_WITHIN_S))
    recent = tuple(each for each in ledger.bounces if now.instant - each.instant < DAY_S)
    return replace(
        ledger,
        bounces=(*recent, latest),
        unfinished=Unfinished(now, bounce.off_for_s),
        unhelped=ledger.unhelped + (ledger.awaiting_up is not None),
        awaiting_up=now,
    )


def after(ledger: RecoveryMemory, outcome: PowerOutcome) -> RecoveryMemory:
    """Only a relay that was read as on ends a bounce.

    One that was surely not made owes nothing more, but keeps its cooldown: a device that refuses is not asked with every look.
    Intent and act lie seconds apart: times count from the act, so that no cooldown is shorter, and no power back sooner, than asked for.
    """
    action, result = outcome.action, outcome.result
    if isinstance(action, EnsureOn):
        seen_on = result in (PowerResult.SUCCESS, PowerResult.REHEARSED)
        return replace(ledger, unfinished=None) if seen_on else ledger
    made = replace(ledger, bounces=(*ledger.bounces[:-1], outcome.at))
    if result in (PowerResult.REFUSED, PowerResult.FAILED):
        return replace(made, unfinished=None)
    return replace(made, unfinished=Unfinished(outcome.at, action.off_for_s))
