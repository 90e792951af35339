"""One planted defect, whatever it was first planted for, and which layers of the tests it is shown to."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

Patch = pytest.MonkeyPatch

SIMULATION, EXHAUSTIVE, VERDICTS = "simulation", "exhaustive", "verdicts"
DECISIONS, RECORD, STORE = "lives of decisions", "lives of a record", "lives of a store"
CRASH, BITS = "crash points", "bits and lengths"
GUARDS, OUTAGES, POWER_STATES = "guardrails", "simulated outages", "states of power"
POWER_LIVES, BOUNCES = "lives of power", "crash points of a bounce"
LAYERS = (
    SIMULATION, EXHAUSTIVE, VERDICTS, DECISIONS, RECORD, STORE, CRASH, BITS,
    GUARDS, OUTAGES, POWER_STATES, POWER_LIVES, BOUNCES,
)  # fmt: skip

SHOWN_TO = {
    "assessment": (SIMULATION, VERDICTS),
    "path": (SIMULATION,),
    "evidence": (SIMULATION, EXHAUSTIVE, DECISIONS),
    "state machine": (SIMULATION, EXHAUSTIVE, DECISIONS),
    "outages": (SIMULATION, EXHAUSTIVE, DECISIONS),
    "rhythm": (SIMULATION, EXHAUSTIVE, DECISIONS),
    "records": (SIMULATION, EXHAUSTIVE, DECISIONS, RECORD),
    "reconciliation": (SIMULATION, RECORD),
    "restart": (SIMULATION, STORE, CRASH),
    "loop": (SIMULATION, CRASH),
    "store": (STORE, CRASH, BITS),
    "power guardrails": (GUARDS, OUTAGES, POWER_STATES, POWER_LIVES),
    "power decisions": (OUTAGES, POWER_STATES, POWER_LIVES, BOUNCES),
    "power at a restart": (OUTAGES, POWER_STATES, POWER_LIVES, BOUNCES),
    "power loop": (OUTAGES, BOUNCES),
    "power switch": (OUTAGES, BOUNCES),
}
"""By class, those layers that run the code in which the defect is."""


@dataclass(frozen=True)
class Planted:
    name: str
    kind: str
    plant: Callable[[Patch], None]

    @property
    def shown_to(self) -> tuple[str, ...]:
        return SHOWN_TO[self.kind]


def attribute(name: str, kind: str, owner: object, what: str, defect: object) -> Planted:
    """Something with another thing in its place."""
    return Planted(name, kind, lambda patch: patch.setattr(owner, what, defect))
