"""Whether a DNS record is touched at all. The cache layer of reconciliation lives here: fresh and equal, nothing leaves the house."""

from dataclasses import replace
from typing import NamedTuple

from cadence_exporter.decide.belief import is_confirmed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.assessment import Disputed, NotPublic, PublicAddress, Unknown
from cadence_exporter.model.decision import Action, ConfirmVisible, Reconcile, Refusal, Refused
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import BLIND, Belief, Change, Phase, RecordMemory
from cadence_exporter.model.policy import Policy
from cadence_exporter.model.record import RecordKey, RecordSpec

DAY_S = 86_400.0
VISIBLE_PATIENCE_S = 900.0
"""How long a published change may stay invisible before the provider is asked again. Resolvers cache for at most the old TTL
(300 s when left automatic); a change undone by somebody else would otherwise never be noticed."""


class Standing(NamedTuple):
    """What this cycle holds true of the address that a record should say."""

    phase: Phase
    belief: Belief
    verdict: PublicAddress


def consider(
    spec: RecordSpec, record: RecordMemory, standing: Standing, now: Now, policy: Policy
) -> Action | Refused | None:
    """What to do about one record now; None when it is known to be right."""
    belief = standing.belief
    if standing.phase in BLIND:
        return Refused(spec.key, Refusal.NOT_UP, f"the connection is {standing.phase}")
    if not is_confirmed(belief, policy) or belief.confirmed is None or belief.candidate_since is None:
        return _untrusted(spec.key, standing, policy)
    address = belief.confirmed
    if is_known_right(record, address, now, policy):
        return _follow_up(spec, record, address, now, policy)
    if record.hold_until is not None and now.instant < record.hold_until:
        return _held_back(spec.key, record)
    spent = _is_spent(record, now, policy)
    if spent and record.verified != address:
        return Refused(spec.key, Refusal.RATE_LIMITED, f"{policy.max_changes_per_day} changes within a day")
    return Reconcile(
        record=spec,
        address=address,
        # A record that was right and was changed by somebody else: what there is to converge from begins now.
        evidence_at=now if record.verified == address else belief.candidate_since,
        decided_at=now,
        full_truth=record.verified != address or record.verified_at is None,
        turn=belief.turn,
        may_write=not spent,
        resolvers_may_lag=_may_lag(record, address, now),
    )


def intend(record: RecordMemory, action: Action) -> RecordMemory:
    """The record as it is put on disk before ``action``: from now on nothing vouches for it until an outcome does.

    Without this, a crash between a write and its commit would leave a cache that swears by the address before it.
    """
    if isinstance(action, ConfirmVisible):
        return record
    change = record.change
    if change is None or change.address != action.address:
        change = Change(action.address, action.evidence_at)
    return replace(record, verified_at=None, change=change)


def is_known_right(record: RecordMemory, address: IpAddress, now: Now, policy: Policy) -> bool:
    """Whether the cache vouches for the record. A date in the future (the clock was set back) vouches for nothing."""
    if record.verified != address or record.verified_at is None:
        return False
    return 0 <= now.wall - record.verified_at < policy.cache_max_age_s


def writes_within_a_day(record: RecordMemory, now: Now) -> int:
    """Writes of the last 24 hours, whatever the wall clock did meanwhile."""
    return len([written for written in record.writes if now.instant - written.instant < DAY_S])


def _is_spent(record: RecordMemory, now: Now, policy: Policy) -> bool:
    return writes_within_a_day(record, now) >= policy.max_changes_per_day


def _may_lag(record: RecordMemory, address: IpAddress, now: Now) -> bool:
    """After a write or an attempt, resolvers may show what was there before it: no proof for an address that went back to just that."""
    if record.verified == address and record.verified_at is not None:
        return False
    return record.change is not None or writes_within_a_day(record, now) > 0


def _follow_up(spec: RecordSpec, record: RecordMemory, address: IpAddress, now: Now, policy: Policy) -> Action | None:
    change = record.change
    if change is None or change.address != address or change.published_at is None:
        return None
    if change.next_look is not None and now.instant < change.next_look:
        return None
    if now.instant - change.published_at.instant < VISIBLE_PATIENCE_S:
        return ConfirmVisible(spec, address)
    return Reconcile(
        record=spec,
        address=address,
        evidence_at=change.evidence_at,
        decided_at=now,
        full_truth=True,
        turn=change.looks,
        may_write=not _is_spent(record, now, policy),
    )


def _held_back(key: RecordKey, record: RecordMemory) -> Refused:
    if record.refusal:
        return Refused(key, Refusal.CONFLICT, record.refusal)
    if record.failures:
        return Refused(key, Refusal.BACKOFF, f"waiting after {record.failures} failed attempts")
    return Refused(key, Refusal.DRY_RUN, "rehearsing: it would have been written")


def _untrusted(key: RecordKey, standing: Standing, policy: Policy) -> Refused:
    match standing.verdict:
        case Disputed(ips=ips, why=why):
            return Refused(key, Refusal.DISPUTED, f"{why}: {', '.join(map(str, ips))}")
        case Unknown(why=why):
            return Refused(key, Refusal.UNKNOWN, why)
        case NotPublic(ip=ip, range_name=name):
            return Refused(key, Refusal.NOT_PUBLIC, f"{ip} is {name}")
        case _:
            return Refused(
                key, Refusal.UNSTABLE_IP, f"confirmed {standing.belief.streak} of {policy.confirmations} times"
            )
