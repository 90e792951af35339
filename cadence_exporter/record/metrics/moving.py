"""Gauges that move with the clock: calls of the last hour and what is left of their budgets, how long a back-off still lasts."""

from collections.abc import Iterable, Mapping

from cadence_exporter.decide.budget import HOUR_S, Calls
from cadence_exporter.decide.dns import writes_within_a_day
from cadence_exporter.model.instants import Instant, Now
from cadence_exporter.model.memory import RecordMemory
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.record.metrics.tally import SERVICES, CounterKey

CALLS = "cadence_api_calls_last_hour"
BUDGET = "cadence_dns_change_budget_remaining"
BACKOFF = "cadence_api_backoff_seconds"
QUOTA = "cadence_api_quota_limit"
QUOTA_LEFT = "cadence_api_quota_remaining"


def calls_last_hour(calls: Calls, now: Instant) -> Mapping[str, int]:
    """Calls by service in the hour before ``now``; services that made none are there with 0."""
    counted = dict.fromkeys(SERVICES, 0)
    for service, at in calls:
        if at > now - HOUR_S and service in counted:
            counted[service] += 1
    return counted


def quotas(limits: Mapping[str, int], calls: Mapping[str, int]) -> Iterable[tuple[CounterKey, float]]:
    """For each service with a limit of calls an hour: the limit, and what is left of it. ``calls`` are those of the last hour."""
    for service, limit in limits.items():
        yield (QUOTA, service), float(limit)
        yield (QUOTA_LEFT, service), float(max(0, limit - calls.get(service, 0)))


def budgets(
    specs: Iterable[RecordSpec], held: Mapping[RecordKey, RecordMemory], most: int, now: Now
) -> Iterable[tuple[CounterKey, float]]:
    """For each record the writes that are left of ``most`` a day."""
    for spec in specs:
        left = most - writes_within_a_day(held.get(spec.key, RecordMemory()), now)
        yield (BUDGET, spec.key.name, spec.key.type), float(max(0, left))


def backoffs(
    specs: Iterable[RecordSpec], held: Mapping[RecordKey, RecordMemory], now: Now
) -> Iterable[tuple[CounterKey, float]]:
    """For each provider in use the seconds until it is tried again after a failure, the longest of its records; 0 when none waits.

    A record in a shape that must not be touched waits as well, but that is no trouble with the provider.
    """
    longest: dict[str, float] = {}
    for spec in specs:
        record = held.get(spec.key, RecordMemory())
        waits = record.failures > 0 and record.hold_until is not None
        left = record.hold_until - now.instant if waits and record.hold_until is not None else 0.0
        longest[spec.provider] = max(longest.get(spec.provider, 0.0), left)
    for provider, seconds in longest.items():
        yield (BACKOFF, provider), seconds
