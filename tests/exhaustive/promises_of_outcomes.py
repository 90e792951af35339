"""Promises about what is remembered after an action."""

from dataclasses import replace

from cadence_exporter.decide.dns import writes_within_a_day
from cadence_exporter.model.decision import Reconcile
from cadence_exporter.model.outcome import Result
from tests.exhaustive.occasions import SETTLED, WRITTEN


def what_failed_vouches_for_nothing(aftermath):
    """Only a verified or read-back address is remembered as done."""
    if aftermath.outcome.result in SETTLED:
        return (
            aftermath.record.verified == aftermath.outcome.action.address and aftermath.record.verified_at is not None
        )
    before, after = aftermath.intended, aftermath.record
    return (after.verified, after.verified_at) == (before.verified, before.verified_at)


def a_failed_reconciliation_leaves_the_cache_worthless(aftermath):
    """After a reconciliation that did not end well, the cache vouches for no address at all."""
    reconciled = isinstance(aftermath.outcome.action, Reconcile)
    return not reconciled or aftermath.outcome.result in SETTLED or aftermath.record.verified_at is None


def every_attempt_to_write_is_counted(aftermath):
    """A write counts against the budget whether its answer arrived or not; nothing else does."""
    now = aftermath.at
    before, after = (writes_within_a_day(each, now) for each in (aftermath.intended, aftermath.record))
    return after == before + (aftermath.outcome.operation is not None)


def the_daily_budget_holds(aftermath):
    """Never more writes within a day than allowed."""
    return writes_within_a_day(aftermath.record, aftermath.at) <= aftermath.turn.policy.max_changes_per_day


def what_did_not_work_waits(aftermath):
    """After a failure or a refusal the record is held for a while, at least as long as the provider asked."""
    outcome, hold = aftermath.outcome, aftermath.record.hold_until
    if outcome.result not in (Result.FAILED, Result.REFUSED, Result.REHEARSED):
        return True
    return hold is not None and hold >= outcome.at.instant + max(5.0, outcome.retry_after_s or 0.0)


def what_worked_forgives(aftermath):
    """Success clears failures, holds and refusals."""
    if aftermath.outcome.result not in SETTLED:
        return True
    return (aftermath.record.failures, aftermath.record.hold_until, aftermath.record.refusal) == (0, None, None)


def a_change_is_followed_only_when_published(aftermath):
    """A change counts as published only after the provider was seen to hold it."""
    before, after = aftermath.intended.change, aftermath.record.change
    if after is None or after.published_at is None or aftermath.outcome.result in (*WRITTEN, Result.HELD):
        return True
    return before is not None and (before.address, before.published_at) == (after.address, after.published_at)


def seen_is_converged(aftermath):
    """Once the resolvers show it, nothing is in flight any more."""
    return aftermath.outcome.result not in (Result.VISIBLE, Result.VERIFIED) or aftermath.record.change is None


def remembering_moves_the_look_forward_only(aftermath):
    """An outcome may bring the next look forward, never into the past and never back."""
    decided, look = aftermath.turn.decision.next_look, aftermath.remembered.next_look
    return look == decided or aftermath.at.instant < look < decided


def remembering_touches_records_only(aftermath):
    """Outcomes say nothing about the phase or the address."""
    decided, remembered = aftermath.turn.after, aftermath.remembered.memory
    return replace(remembered, records=decided.records) == decided
