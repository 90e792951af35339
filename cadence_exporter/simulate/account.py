"""What a simulation keeps count of."""

from dataclasses import dataclass, field

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.memory import Phase
from cadence_exporter.model.recovery import Bounce


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that was not kept."""

    at_s: float
    """True seconds since the beginning."""
    promise: str
    what: str


@dataclass(slots=True)
class Account:
    """What happened in one simulation."""

    seed: int
    days: float
    cycles: int = 0
    crashes: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)
    recovers: bool = False
    """The home has recovery switched on."""
    bounces: dict[str, int] = field(default_factory=dict)
    """By how they ended."""
    withheld: dict[str, int] = field(default_factory=dict)
    """Cycles in which a guardrail refused, by its reason."""
    outages: int = 0
    address_changes: int = 0
    seconds_in: dict[Phase, float] = field(default_factory=dict)
    off_s: float = 0.0
    """Without a running process."""
    calls: dict[str, int] = field(default_factory=dict)
    converged_s: list[float] = field(default_factory=list)
    """From the moment an address was the home's until the provider held it."""
    broken: list[Broken] = field(default_factory=list)
    broken_count: int = 0
    story: list[tuple[float, str]] = field(default_factory=list)
    digest: str = ""
    """SHA-256 of the event log: the same seed gives the same, on any machine."""
    up_after_cycles: int | None = None

    @property
    def hours(self) -> float:
        """Simulated hours with a process running, the calm included."""
        return max(sum(self.seconds_in.values()) / 3600.0, 1e-9)

    def count_power(self, cycle: Cycle) -> None:
        """What became of the power in this cycle, and which guardrails refused."""
        if cycle.power and isinstance(cycle.power.action, Bounce):
            result = cycle.power.result
            self.bounces[result] = self.bounces.get(result, 0) + 1
        for each in cycle.decision.withheld:
            self.withheld[each.reason] = self.withheld.get(each.reason, 0) + 1
