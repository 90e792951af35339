"""How many calls an hour may leave the house, for each service. A budget that is spent holds what would call; it is never an outage."""

from collections.abc import Iterable

from cadence_exporter.model.instants import Instant
from cadence_exporter.model.outcome import ApiCall
from cadence_exporter.model.policy import Policy

HOUR_S = 3600.0
ECHO, TRUTH = "ip_echo", "doh"
MOST_CALLS = 20_000
"""Remembered at most, whatever the settings allow: a runaway must not eat the memory."""
UNLIMITED = 1_000_000
HINTS_SHARE = 0.5
"""Hints may use up this share of the echo calls. The rest is for looks that come by themselves: a flood of forged hints must not blind
the home to a change that is true."""
PROVIDER_CALLS = 8
"""Of one reconciliation at a provider: finding the zone, reading, writing, reading back, and some to spare."""

Calls = tuple[tuple[str, Instant], ...]


def left(calls: Calls, service: str, now: Instant, policy: Policy) -> int:
    """Calls that ``service`` may still get in this hour."""
    limit = policy.max_calls_per_hour.get(service)
    if limit is None:
        return UNLIMITED
    since, made = now - HOUR_S, 0
    for called, at in calls:
        if called == service and at > since:
            made += 1
    return max(0, limit - made)


def after(calls: Calls, made: Iterable[ApiCall], now: Instant) -> Calls:
    """With those that were made in the cycle that ended ``now``, if any; then what is older than an hour goes."""
    fresh = tuple([(call.service, now) for call in made])
    if not fresh:
        return calls
    since = now - HOUR_S
    return (*(each for each in calls if each[1] > since), *fresh)[-MOST_CALLS:]
