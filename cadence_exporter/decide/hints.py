"""How often a hint may bring the next look forward: a burst at once, then one each two minutes, for each kind of ringer."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from cadence_exporter.model.instants import Instant
from cadence_exporter.model.wakeup import Reason

MIN_SPACING_S = 2.0
"""A router that re-dials announces itself several times within a second; one look after the last of them is enough."""
BURST = 30
"""A morning on which the line re-dials time and again is followed closely; each change takes two looks."""
REFILL_S = 120.0
"""A flood must not get this home banned outside, and a hint that is none of the flood must not wait for its end: of each kind
at most sixty looks an hour, and never longer than this until the next."""
MOST_HINTS_AN_HOUR = BURST + int(3600 / REFILL_S)


class Ringer(Enum):
    """Kinds of ringers. Each has an allowance of its own: what anybody on the LAN can send must not use up that of the rest."""

    HEARD = "a packet that came by itself"
    SEEN = "what the network of this host does: whoever forges ARP has a part in it"
    ASKED = "an answer to a question of ours"
    OWN = "this host, or who may command it"


_HEARD = frozenset({Reason.ANNOUNCEMENT, Reason.UPNP})
_ASKED = frozenset({Reason.ROUTER, Reason.TRIPWIRE})


def ringer(reason: Reason) -> Ringer:
    """Who rings with this reason."""
    if reason in _HEARD:
        return Ringer.HEARD
    if reason is Reason.NETLINK:
        return Ringer.SEEN
    return Ringer.ASKED if reason in _ASKED else Ringer.OWN


@dataclass(slots=True)
class HintAllowance:
    """When hinted looks are allowed. A few numbers, however many ring."""

    _spaced: float = 0.0
    """Not before this, whoever rings."""
    _full_again: dict[Ringer, float] = field(default_factory=dict)
    """When each kind will have its whole burst again."""

    def allowed_at(self, reasons: Iterable[Reason]) -> Instant:
        """The earliest instant for a look that any of ``reasons`` (not empty) asks for."""
        refilled = min(self._next(ringer(reason)) for reason in reasons)
        return Instant(max(refilled, self._spaced))

    def spend(self, reasons: Iterable[Reason], now: Instant) -> None:
        """A look was granted. The kind with most of its allowance left pays for it, the others come along for nothing."""
        self._spaced = now + MIN_SPACING_S
        kinds = {ringer(reason) for reason in reasons}
        payer = min((kind for kind in Ringer if kind in kinds), key=lambda kind: self._full_again.get(kind, 0.0))
        self._full_again[payer] = max(self._full_again.get(payer, 0.0), now) + REFILL_S

    def _next(self, kind: Ringer) -> float:
        return self._full_again.get(kind, 0.0) - (BURST - 1) * REFILL_S
