"""Everything about one cycle: log lines, metrics, the store and the status page are all drawn from this one value."""

from collections.abc import Mapping

from cadence_exporter.model.assessment import Assessment
from cadence_exporter.model.decision import Decision
from cadence_exporter.model.instants import Now
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.observation import Observation
from cadence_exporter.model.outcome import ApiCall, Outcome
from cadence_exporter.model.recovery import PowerOutcome
from cadence_exporter.model.value import value
from cadence_exporter.model.wakeup import Wakeup


@value
class Cycle:
    """One turn of the loop, from wakeup to wait."""

    id: str
    """The same id on every log line and exemplar of this cycle."""
    began: Now
    ended: Now
    wakeup: Wakeup
    before: Memory
    """Memory when the cycle began."""
    memory: Memory
    """Memory now, outcomes included."""
    observation: Observation
    assessment: Assessment
    decision: Decision
    outcomes: tuple[Outcome, ...]
    calls: tuple[ApiCall, ...]
    phase_seconds: Mapping[str, float]
    """How long each stage took: observe, decide, act, total."""
    power: PowerOutcome | None = None
    """What came of the action on the power, when there was one."""

    @property
    def number(self) -> int:
        """Counted since the first start ever."""
        return self.memory.cycle
