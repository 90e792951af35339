"""The state machine: fail fast, earn your way back. A table, so that it can be read and checked exhaustively."""

from enum import StrEnum, auto

from cadence_exporter.decide.belief import is_confirmed
from cadence_exporter.model.assessment import Link
from cadence_exporter.model.memory import Belief, Phase
from cadence_exporter.model.policy import Policy

TOLERATED_DOUBTS = 1
"""One observation without a clear address is no demotion: it is an echo service having a bad moment."""


class Sight(StrEnum):
    """What the assessment and the collected confirmations come to."""

    PATH_FAILS = auto()
    UNCONFIRMED = auto()
    WAVERING = auto()
    """Not confirmed in this observation, but nothing that takes trust away yet."""
    CONFIRMED = auto()


_NEXT = {
    (Phase.INIT, Sight.PATH_FAILS): Phase.DOWN,
    (Phase.INIT, Sight.UNCONFIRMED): Phase.DEGRADED,
    (Phase.INIT, Sight.WAVERING): Phase.DEGRADED,
    (Phase.INIT, Sight.CONFIRMED): Phase.DEGRADED,
    (Phase.DOWN, Sight.PATH_FAILS): Phase.DOWN,
    (Phase.DOWN, Sight.UNCONFIRMED): Phase.DEGRADED,
    (Phase.DOWN, Sight.WAVERING): Phase.DEGRADED,
    (Phase.DOWN, Sight.CONFIRMED): Phase.DEGRADED,
    (Phase.DEGRADED, Sight.PATH_FAILS): Phase.DOWN,
    (Phase.DEGRADED, Sight.UNCONFIRMED): Phase.DEGRADED,
    (Phase.DEGRADED, Sight.WAVERING): Phase.DEGRADED,
    (Phase.DEGRADED, Sight.CONFIRMED): Phase.UP,
    (Phase.UP, Sight.PATH_FAILS): Phase.DOWN,
    (Phase.UP, Sight.UNCONFIRMED): Phase.DEGRADED,
    (Phase.UP, Sight.WAVERING): Phase.UP,
    (Phase.UP, Sight.CONFIRMED): Phase.UP,
}


# Each cycle asks for them, and Python 3.11 is slow to find a member of an enumeration.
_UP, _CONFIRMED, _PATH_UP = Phase.UP, Sight.CONFIRMED, Link.UP


def step(phase: Phase, sight: Sight) -> Phase:
    """The next phase: demotion at once, promotion one rung a cycle."""
    return _NEXT[phase, sight]


def sight(wan: Link, phase: Phase, before: Belief, belief: Belief, policy: Policy) -> Sight:
    """``belief`` is that of the governing family, this observation included; ``before``, without it."""
    if wan is not _PATH_UP:
        return Sight.PATH_FAILS
    confirmed = is_confirmed(belief, policy)
    if phase is not _UP:
        return _CONFIRMED if confirmed else Sight.UNCONFIRMED
    # A changed address takes UP away at once, even where one observation is enough to confirm it; so does having none at all,
    # when another family governs since a reload.
    if belief.candidate is None or belief.candidate != before.confirmed or belief.doubts > TOLERATED_DOUBTS:
        return Sight.UNCONFIRMED
    return _CONFIRMED if confirmed else Sight.WAVERING
