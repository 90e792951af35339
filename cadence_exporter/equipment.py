"""What the loop works with: what the settings determine, and what stays for as long as the process lives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cadence_exporter.model.decision import Action
from cadence_exporter.model.outcome import Outcome
from cadence_exporter.model.policy import Policy
from cadence_exporter.model.recovery import PowerAction, PowerOutcome, RecoveryMemory, Request, no_switch
from cadence_exporter.seams import CallLog, Clock, Crew, Doorbell, Faults, Recorder, StateStore


@dataclass(frozen=True, slots=True)
class Equipment:
    """What the settings determine; a reload replaces it as a whole."""

    crew: Crew
    perform: Callable[[Sequence[Action]], tuple[Outcome, ...]]
    policy: Policy
    retire: Callable[[], None] = lambda: None
    """Give back what the crew and the hands hold, when others take over."""
    power: Callable[[PowerAction], PowerOutcome] = no_switch
    leave_on: Callable[[PowerAction], PowerOutcome] = no_switch
    """The same within a second, for a process that ends."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stays for as long as the process lives."""

    clock: Clock
    doorbell: Doorbell
    store: StateStore
    recorders: Sequence[Recorder]
    calls: CallLog
    faults: Faults
    draw: Callable[[], float]
    """Uniform in [0, 1): the only randomness."""
    requests: Callable[[], Sequence[Request]] = tuple
    """What people asked for since the last cycle; each is handed over once."""
    recalled: Callable[[], RecoveryMemory | None] = lambda: None
    """What a disk that could not be read at the start said later, joined with what is on it now; handed over once."""
    entering: Callable[[str], None] = lambda _: None
    """Told the id of each cycle when it begins, and an empty one when it is over."""
