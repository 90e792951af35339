"""How the ledger of power recovery goes on: what is asked, begun, ended, and whether it helped. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from cadence_exporter.decide.recovery import DAY_S
from cadence_exporter.model.instants import Now, WallTime, later
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.power import Proof
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
            for_s, asked = min(request.for_s, LONGEST_MAINTENANCE_S), request.asked or now
            until = Now(later(asked.instant, for_s), WallTime(asked.wall + for_s))
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
    if (ledger.awaiting_up or ledger.unhelped) and phase is Phase.UP:
        ledger = replace(ledger, awaiting_up=None, unhelped=0)
    return ledger


def presumed_on(ledger: RecoveryMemory, phase: Phase, now: Now) -> RecoveryMemory:
    """Where nobody can ask the relay any more, a connection that is UP after its time is the proof that the modem has power."""
    unfinished = ledger.unfinished
    over = unfinished is not None and phase is Phase.UP and now.instant >= unfinished.due
    return replace(ledger, unfinished=None) if over else ledger


def out_of_sight(ledger: RecoveryMemory, now: Now) -> RecoveryMemory:
    """The UPS does not answer: what runs without a battery may have lost its power, the way to the UPS with it."""
    return replace(ledger, mains_back=now)


def recalled(ledger: RecoveryMemory, found: RecoveryMemory) -> RecoveryMemory:
    """``ledger`` as this process kept it without a disk, and what the disk said when it could be read at last: the stricter of both.

    The device that was met first is the one on the disk.
    """
    until = max(filter(None, (ledger.maintenance_until, found.maintenance_until)), default=None, key=_instant)
    back = max(filter(None, (ledger.mains_back, found.mains_back)), default=None, key=_instant)
    return replace(
        ledger,
        bounces=tuple(sorted((*found.bounces, *ledger.bounces), key=_instant)),
        unfinished=ledger.unfinished or found.unfinished,
        unhelped=max(ledger.unhelped, found.unhelped),
        awaiting_up=ledger.awaiting_up or found.awaiting_up,
        identity=found.identity or ledger.identity,
        maintenance_until=until,
        mains_back=back,
    )


def _instant(at: Now) -> float:
    return at.instant


def intend(ledger: RecoveryMemory, bounce: Bounce, now: Now, *, real: bool = True) -> RecoveryMemory:
    """The ledger as it is put on disk before the power is cut: from now on it counts, and somebody owes a look at its end.

    It is dated as late as the power can still be cut, for a crash may take the true time with it. ``real``: it is no rehearsal.
    """
    latest = Now(later(now.instant, CUT_WITHIN_S), WallTime(now.wall + CUT_WITHIN_S))
    recent = tuple(each for each in ledger.bounces if now.instant - each.instant < DAY_S)
    return replace(
        ledger,
        bounces=(*recent, latest),
        unfinished=Unfinished(now, bounce.off_for_s, real),
        unhelped=ledger.unhelped + (ledger.awaiting_up is not None),
        awaiting_up=now,
    )


def after(ledger: RecoveryMemory, outcome: PowerOutcome) -> RecoveryMemory:
    """Only a relay that was read as on ends a bounce.

    One that was surely not made owes nothing more, but keeps its cooldown: a device that refuses is not asked with every look.
    Intent and act lie seconds apart, and so do the cut and the end of the act: the cooldown counts from the end, so that none is
    shorter than asked for, and the power is due from the cut, so that it is not off for longer.
    """
    action, result = outcome.action, outcome.result
    if isinstance(action, EnsureOn):
        real = ledger.unfinished is not None and ledger.unfinished.real
        seen_on = result is PowerResult.SUCCESS or (result is PowerResult.REHEARSED and not real)
        return replace(ledger, unfinished=None) if seen_on else ledger
    made = replace(ledger, bounces=(*ledger.bounces[:-1], outcome.at))
    if result in (PowerResult.REFUSED, PowerResult.FAILED):
        return replace(made, unfinished=None)
    real = result is not PowerResult.REHEARSED
    return replace(made, unfinished=Unfinished(_cut_at(outcome), action.off_for_s, real))


def _cut_at(outcome: PowerOutcome) -> Now:
    """When the power went off. Where only we turn it on again, or nothing is known, at the earliest: just before the cut or the act."""
    at, receipt = outcome.at, outcome.receipt
    if receipt is None:
        ago_s = outcome.took_s
    elif receipt.proof is Proof.CONTROLLER:
        ago_s = at.instant - receipt.cut_at
    else:
        ago_s = at.instant - (receipt.on_due_at - receipt.off_for_s)
    return Now(later(at.instant, -ago_s), WallTime(at.wall - ago_s))
