"""When to look again: fast when broken, whisper-quiet when healthy, soon when something is about to be confirmed."""

from collections.abc import Mapping

from cadence_exporter.decide.belief import is_confirmed
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant, Now, later
from cadence_exporter.model.memory import BLIND, Belief, Memory, Phase
from cadence_exporter.model.policy import Policy

SHORT_WAIT_SPREAD = 0.25
"""A confirming look is spread by at most this share of its own length: the full jitter would make it slower than it is meant.

So are looks after a write and attempts that are repeated. Homes that were all turned away by one provider would else come back in
the same second: with one API token, the readings of some thousand homes use up its quota before any of them gets to write.
"""
FIRST_LOOK_S = 2.0
"""After a write: resolvers that had not cached the old address show the new one within a second or two."""
LOOK_GROWTH = 1.5
"""Each wait is a third of the time since the write: the measured convergence is that precise, for a dozen calls."""
LONGEST_LOOK_S = 900.0
"""Before its spread. A change that resolvers never show (somebody intercepts DNS) must not cost a call a minute for ever."""
FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 300.0
"""Before its spread. A provider that is down for hours is asked every five minutes, not hammered."""
REFUSAL_RECHECK_S = 300.0
"""How soon a record in a shape that must not be touched is looked at again: somebody may have put it right."""


# Each cycle asks for them, and Python 3.11 is slow to find a member of an enumeration.
_UP, _DEGRADED = Phase.UP, Phase.DEGRADED


def next_look(
    phase: Phase,
    beliefs: Mapping[Family, Belief],
    now: Now,
    draw: float,
    policy: Policy,
    *,
    on_battery: bool = False,
) -> tuple[Instant, str]:
    """The next regular or confirming cycle. ``draw`` is uniform in [0, 1)."""
    if _wants_confirming(phase, beliefs, policy):
        spacing = policy.confirm_spacing_s
        spread = draw * min(policy.jitter_s, spacing * SHORT_WAIT_SPREAD)
        regular = policy.interval_s * policy.fast_factor
        return later(now.instant, min(spacing + spread, regular + spread)), "confirm"
    if on_battery:  # whatever is down is most likely without mains itself, and each look costs battery
        factor, why = policy.slow_factor, "on battery"
    else:
        factor, why = (policy.slow_factor, "healthy") if phase is _UP else (policy.fast_factor, "not up")
    return later(now.instant, policy.interval_s * factor + draw * policy.jitter_s), why


def brought_forward(
    regular: tuple[Instant, str], memory: Memory, now: Now, *, began: Instant | None = None
) -> tuple[Instant, str]:
    """The regular look, or an earlier one for a record that waits to be tried again or seen, or for power that should be back.

    A regular look that is overdue, because the cycle took longer than its own wait, stays the next one. Power that became due while
    this cycle lasted, since it ``began``, was not turned on in it: that does not wait for a regular look.
    """
    looks = []
    unfinished = memory.recovery.unfinished
    if unfinished is not None:
        if began is not None and began < unfinished.due <= now.instant:
            return now.instant, "power"
        if unfinished.real and now.instant < unfinished.due:
            return unfinished.due, "power"  # whatever is looked at before is dark, and the look could be in the way
        looks.append((unfinished.due, "power"))
    for record in memory.records.values():
        if record.change and record.change.next_look is not None:
            looks.append((record.change.next_look, "visible"))
        if record.hold_until is not None:
            looks.append((record.hold_until, "retry"))
    if not looks:
        return regular
    upcoming = [look for look in looks if look[0] > now.instant]
    return min((regular, *upcoming), key=lambda look: look[0])


def look_after(looks: int, draw: float) -> float:
    """Seconds until resolvers are asked again whether they show a change: 2, 3, 4.5 ... 900, spread by ``draw``."""
    growth: float = LOOK_GROWTH ** min(looks, 20)
    return spread(min(FIRST_LOOK_S * growth, LONGEST_LOOK_S), draw)


def retry_after(failures: int, asked_s: float | None, draw: float) -> float:
    """Seconds until a failed action is tried again: 5, 10, 20 ... 300, or longer when the provider asks for it; spread by ``draw``."""
    growth: float = 2.0 ** min(failures - 1, 10)
    backoff = min(FIRST_RETRY_S * growth, LONGEST_RETRY_S)
    return spread(max(backoff, asked_s or 0.0), draw)


def spread(wait_s: float, draw: float) -> float:
    """Never shorter than ``wait_s``: a provider may have asked for it."""
    return wait_s * (1.0 + draw * SHORT_WAIT_SPREAD)


def _wants_confirming(phase: Phase, beliefs: Mapping[Family, Belief], policy: Policy) -> bool:
    """A candidate on its way, a first doubt while UP, or one rung left to climb: all are settled by looking once more."""
    if phase in BLIND:
        return False
    if phase is _DEGRADED and is_confirmed(beliefs[policy.families[0]], policy):
        return True
    for belief in beliefs.values():
        on_its_way = belief.streak > 0 and not is_confirmed(belief, policy)
        if on_its_way or (phase is _UP and 0 < belief.doubts <= 1):
            return True
    return False
