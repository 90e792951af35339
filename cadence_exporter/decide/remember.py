"""Outcomes -> memory: what is known of the records after the actions, and how soon to look at them again."""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from cadence_exporter.decide import budget, ledger, pace
from cadence_exporter.decide.dns import DAY_S
from cadence_exporter.model.decision import Decision, Reconcile
from cadence_exporter.model.instants import Instant, Now, later
from cadence_exporter.model.memory import Change, Memory, RecordMemory
from cadence_exporter.model.outcome import ApiCall, Done, Outcome, Result
from cadence_exporter.model.record import RecordSpec


def remember(
    decision: Decision,
    done: Done,
    now: Now,
    draw: float,
    calls: Sequence[ApiCall] = (),
    began: Instant | None = None,
) -> Decision:
    """The decision with its memory completed and its next look brought forward where an outcome asks for it.

    ``draw`` is uniform in [0, 1). ``calls`` are those that left the house in this cycle, which ``began`` then.
    """
    memory = decision.memory
    spent = budget.after(memory.calls, calls, now.instant)
    if spent is not memory.calls:
        memory = replace(memory, calls=spent)
    if done.power is not None:
        memory = replace(memory, recovery=ledger.after(memory.recovery, done.power))
    if done.dns:
        records = dict(memory.records)
        for outcome in done.dns:
            key = outcome.action.record.key
            records[key] = after(records.get(key) or RecordMemory(), outcome, draw)
        memory = replace(memory, records=MappingProxyType(records))
    regular = decision.next_look, decision.why
    look, why = pace.brought_forward(regular, memory, now, began=began)
    if memory is decision.memory and look == decision.next_look:
        return decision
    return replace(decision, memory=memory, next_look=look, why=why)


def doubt_changed(memory: Memory, before: Sequence[RecordSpec], now: Sequence[RecordSpec]) -> Memory:
    """After a reload: nothing vouches for a record whose own settings changed (another provider, say), and a refusal is looked at anew.

    The wait that a provider asked for stays.
    """
    same = {spec.key for spec in set(before) & set(now)}
    records = {
        key: record if key in same else replace(record, verified_at=None) for key, record in memory.records.items()
    }
    for key, record in records.items():
        if record.refusal is not None:
            records[key] = replace(record, refusal=None, hold_until=None)
    return replace(memory, records=MappingProxyType(records))


def after(record: RecordMemory, outcome: Outcome, draw: float) -> RecordMemory:
    """What is known of one record after one outcome. Only a verified or read-back address is ever remembered as done."""
    at = outcome.at
    match outcome.result:
        case Result.VERIFIED | Result.VISIBLE:
            return _settled(record, outcome, record.writes, None)
        case Result.HELD:
            return _settled(record, outcome, record.writes, _still(record, outcome, draw))
        case Result.UPDATED | Result.CREATED:
            return _settled(record, outcome, _written(record, at), _flight(outcome, draw))
    record = replace(record, drifted=_drifted(record, outcome))
    match outcome.result:
        case Result.LAGGING:
            return replace(record, change=_looked(record.change, at, draw))
        case Result.REFUSED:
            hold = later(at.instant, pace.REFUSAL_RECHECK_S)
            return replace(record, refusal=outcome.detail, hold_until=hold, change=_begun(record.change))
        case Result.REHEARSED:
            hold = later(at.instant, pace.REFUSAL_RECHECK_S)
            return replace(record, failures=0, refusal=None, hold_until=hold, change=None)
        case Result.FAILED:  # pragma: no branch - mypy sees that there is no other result
            failures = record.failures + 1
            # A write whose answer was lost may have happened: it counts against the budget.
            writes = _written(record, at) if outcome.operation else record.writes
            hold = later(at.instant, pace.retry_after(failures, outcome.retry_after_s, draw))
            return replace(record, failures=failures, writes=writes, hold_until=hold, refusal=None)


def _settled(record: RecordMemory, outcome: Outcome, writes: tuple[Now, ...], change: Change | None) -> RecordMemory:
    """The record says the address, and nothing is owed to it but to follow ``change``."""
    return replace(
        record,
        verified=outcome.action.address,
        verified_at=outcome.at.wall,
        writes=writes,
        failures=0,
        hold_until=None,
        refusal=None,
        change=change,
        drifted=False,
    )


def _drifted(record: RecordMemory, outcome: Outcome) -> bool:
    """Whether the record is wrong, by what was seen of it in an attempt that did not put it right."""
    nothing_seen = outcome.result is Result.FAILED and not (outcome.found or outcome.operation)
    if outcome.result is Result.LAGGING or nothing_seen:
        return record.drifted
    return outcome.found != (outcome.action.address,)


def _flight(outcome: Outcome, draw: float) -> Change | None:
    """The change to follow until resolvers show it; none where no resolver can."""
    if outcome.visible_at_once or not isinstance(outcome.action, Reconcile):
        return None
    look = later(outcome.at.instant, pace.look_after(0, draw))
    return Change(outcome.action.address, outcome.action.evidence_at, outcome.at, looks=0, next_look=look)


def _still(record: RecordMemory, outcome: Outcome, draw: float) -> Change | None:
    """The provider holds the address, resolvers do not show it: followed from now on, also when it was written before a crash."""
    change = record.change
    if change is None or change.address != outcome.action.address or outcome.visible_at_once:
        return None
    looked = _looked(change, outcome.at, draw)
    return replace(looked, published_at=outcome.at) if looked else None


def _begun(change: Change | None) -> Change | None:
    """A refusal writes nothing: what was only intended is off, what was published before is followed on."""
    return change if change is not None and change.published_at is not None else None


def _looked(change: Change | None, at: Now, draw: float) -> Change | None:
    if change is None:
        return None
    looks = change.looks + 1
    return replace(change, looks=looks, next_look=later(at.instant, pace.look_after(looks, draw)))


def _written(record: RecordMemory, at: Now) -> tuple[Now, ...]:
    recent = tuple(written for written in record.writes if at.instant - written.instant < DAY_S)
    return (*recent, at)
