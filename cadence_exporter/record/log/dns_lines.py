"""The lines about DNS records: what the cache, the resolvers and the providers said, and what was done."""

from collections.abc import Iterator

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.decision import Refusal
from cadence_exporter.model.outcome import Outcome, Result
from cadence_exporter.record.log.journal import Fact, Level
from cadence_exporter.record.log.layout import milliseconds
from cadence_exporter.record.metrics.convergence import arrivals
from cadence_exporter.record.metrics.tally import record_lookups

_LOOKUPS = {"hit": ("HIT", "🟢"), "miss": ("MISS", "🟡"), "stale": ("STALE", "🟡")}

_OUTCOMES = {
    Result.VERIFIED: ("TRUTH", "OK", "🟢", Level.INFO),
    Result.VISIBLE: ("TRUTH", "VISIBLE", "🟢", Level.INFO),
    Result.LAGGING: ("TRUTH", "LAGGING", "🟡", Level.INFO),
    Result.HELD: ("DNS", "HELD", "🟡", Level.INFO),
    Result.UPDATED: ("DNS", "UPDATED", "🔵", Level.INFO),
    Result.CREATED: ("DNS", "CREATED", "🔵", Level.INFO),
    Result.REFUSED: ("DNS", "REFUSED", "🟠", Level.WARNING),
    Result.REHEARSED: ("DNS", "REHEARSED", "🔵", Level.INFO),
    Result.FAILED: ("DNS", "FAILED", "🔴", Level.ERROR),
}

_LOUD = frozenset({Refusal.CONFLICT, Refusal.RATE_LIMITED})
"""Refusals that somebody has to do something about; the others pass by themselves, and the line about their cause is there already."""


def dns_facts(cycle: Cycle, cache_max_age_s: float | None) -> Iterator[Fact]:
    """Cache lookups, refusals, outcomes and arrivals of one cycle."""
    yield from _cache(cycle, cache_max_age_s)
    for refused in cycle.decision.refused:
        level = Level.WARNING if refused.reason in _LOUD else Level.INFO
        extras = {"reason": refused.reason, "detail": refused.detail}
        yield Fact("DNS", "LEFT", str(refused.record), "record", extras, level, "🟠")
    for outcome in cycle.outcomes:
        yield _outcome(outcome)
    for arrival in arrivals(cycle):
        extras = {"stage": arrival.stage, "after": f"{arrival.seconds:.1f}s"}
        yield Fact("DNS", "CONVERGED", str(arrival.record), "record", extras, at=arrival.at.wall)


def _cache(cycle: Cycle, max_age_s: float | None) -> Iterator[Fact]:
    keys = {str(key): key for key in (*cycle.memory.records, *cycle.before.records)}
    several = len(cycle.memory.records) > 1
    for name, result in record_lookups(cycle):
        record = cycle.before.records.get(keys[name]) if name in keys else None
        status, icon = _LOOKUPS[result]
        extras = {
            "rtt": milliseconds(cycle.phase_seconds.get("decide", 0.0))
        }  # the cache is memory: deciding is looking it up
        if record is not None and record.verified_at is not None:
            age = f"{max(0.0, cycle.began.wall - record.verified_at):.0f}s"
            extras["age"] = age if max_age_s is None else f"{age} / {max_age_s:.0f}s"
        if several:
            extras["record"] = name
        held = "none" if record is None or record.verified is None else str(record.verified)
        yield Fact("CACHE", status, held, "ip", extras, icon=icon)


def _outcome(outcome: Outcome) -> Fact:
    subject, status, icon, level = _OUTCOMES[outcome.result]
    extras = {"rtt": milliseconds(outcome.took_s), "record": str(outcome.action.record.key)}
    if outcome.found:
        extras["found"] = ",".join(str(ip) for ip in outcome.found)
    if outcome.detail:
        extras["detail"] = outcome.detail
    if outcome.retry_after_s is not None:
        extras["retry_after"] = f"{outcome.retry_after_s:.0f}s"
    return Fact(subject, status, str(outcome.action.address), "ip", extras, level, icon, outcome.at.wall)
