"""The two kinds of time. They are different types so that one can never be stored or compared as the other."""

from typing import NewType

from cadence_exporter.model.value import value

Instant = NewType("Instant", float)
"""Seconds on the monotonic clock: for waits, streaks and deadlines. Means nothing after a restart, so it is never stored."""

WallTime = NewType("WallTime", float)
"""Seconds since 1970 (UTC): for people and for the store. Untrusted: it may jump either way at any moment."""


@value
class Now:
    """Both clocks, read once at the start of a cycle and passed on as a value."""

    instant: Instant
    wall: WallTime


@value
class Boot:
    """How long this machine runs: what ages are told by over a restart, for no setting of a wall clock touches it."""

    id: str
    """Another one after each boot; empty where the system does not say."""
    seconds: float
    """Since the boot, those in which the machine was suspended included."""


def jump_s(since: Now, now: Now) -> float:
    """Seconds that the wall clock moved more than the monotonic one: this host slept, or its clock was set. Negative: set back."""
    return (now.wall - since.wall) - (now.instant - since.instant)


def later(instant: Instant, seconds: float) -> Instant:
    """The instant ``seconds`` after ``instant``."""
    return Instant(instant + seconds)
