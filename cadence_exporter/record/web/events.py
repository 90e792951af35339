"""What in a cycle is worth a line in the list of recent events."""

from collections.abc import Iterator
from dataclasses import dataclass

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import WallTime
from cadence_exporter.model.outcome import Result
from cadence_exporter.model.recovery import Bounce, PowerOutcome
from cadence_exporter.record.state.history import HistoryView
from cadence_exporter.record.web.calendar_time import span

_WORTH_TELLING = {
    Result.UPDATED: "updated",
    Result.CREATED: "created",
    Result.VISIBLE: "visible at the resolvers",
    Result.REFUSED: "refused",
    Result.REHEARSED: "would have been written",
    Result.FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line: ``kind`` is one of transition, outage, address, dns, power, refused."""

    at: WallTime
    kind: str
    text: str
    times: int = 1
    """How often it happened in a row; ``at`` is the last time."""


def events(cycle: Cycle) -> Iterator[Event]:
    """The events of one cycle, in the order in which they came about."""
    at, decision = cycle.ended.wall, cycle.decision
    if decision.outage_began is not None:
        yield Event(at, "outage", f"outage began ({decision.outage_began})")
    if decision.transition is not None:
        step = decision.transition
        yield Event(at, "transition", _step(step.from_phase, step.to_phase, step.why))
    if decision.outage_ended is not None:
        ended = decision.outage_ended
        yield Event(at, "outage", f"outage over after {span(ended.seconds)} ({ended.where})")
    for change in decision.address_changes:
        yield Event(at, "address", f"public address {change.before or 'unknown'} → {change.after}")
    for outcome in cycle.outcomes:
        if outcome.result in _WORTH_TELLING:
            detail = f": {outcome.detail}" if outcome.detail else ""
            yield Event(at, "dns", f"{outcome.action.record.key} {_WORTH_TELLING[outcome.result]}{detail}")
    if cycle.power is not None:
        yield Event(at, "power", _power(cycle.power))
    for refused in decision.refused:
        yield Event(at, "refused", f"{refused.record} left alone ({refused.reason}): {refused.detail}")


def remembered(view: HistoryView) -> list[Event]:
    """What the store still knows of such lines, oldest first: for the time before this process."""
    found = [Event(each.at, "transition", _step(each.from_state, each.to_state, each.why)) for each in view.transitions]
    found += [
        Event(each.ended, "outage", f"outage over after {span(each.seconds)} ({each.layer})") for each in view.outages
    ]
    found += [
        Event(each.published, "dns", f"{each.name} {each.type} written: {each.before or 'no record'} → {each.after}")
        for each in view.dns_changes
    ]
    found += [
        Event(each.at, "power", f"power off for {each.off_for_s:g} s: {each.result}, {each.detail}")
        for each in view.bounces
    ]
    before: dict[str, str] = {}
    for held in view.addresses:
        known = before.get(held.family, "unknown")
        found.append(Event(held.first, "address", f"public address {known} → {held.address}"))
        before[held.family] = str(held.address)
    return sorted(found, key=lambda event: event.at)


def _step(from_state: str, to_state: str, why: str) -> str:
    return f"{from_state.upper()} → {to_state.upper()}: {why}"


def _power(done: PowerOutcome) -> str:
    what = f"power off for {done.action.off_for_s:g} s" if isinstance(done.action, Bounce) else "power turned on"
    return f"{what}: {done.result}, {done.detail}"
