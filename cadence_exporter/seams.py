"""Every Protocol through which the loop touches the world. Production and the simulator implement the same ones."""

from typing import Protocol

from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import Boot, Instant, Now, WallTime
from cadence_exporter.model.memory import Memory
from cadence_exporter.model.observation import Observation
from cadence_exporter.model.outcome import ApiCall
from cadence_exporter.model.power import BounceReceipt, Identity, PowerReading
from cadence_exporter.model.record import RecordKey, RecordSpec
from cadence_exporter.model.wakeup import Reason, Wakeup
from cadence_exporter.model.zone import HeldRecord, RecordSet, TruthAnswer


class Clock(Protocol):
    """The only reader of time."""

    def monotonic(self) -> Instant: ...
    def wall(self) -> WallTime: ...
    def now(self) -> Now: ...
    def since_boot(self) -> Boot: ...


class Doorbell(Protocol):
    """What the loop waits on between cycles."""

    def wait(self, until: Instant) -> Wakeup:
        """Return when ``until`` has come (reason DUE) or somebody rang, whichever is first; ringers are coalesced."""
        ...

    def ring(self, reason: Reason) -> None:
        """Ask for a cycle soon. Safe from any thread and from signal handlers; never blocks."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether STOP was rung: an observation that was cut short by it means nothing."""
        ...


class Crew(Protocol):
    """All probes, side by side."""

    def observe(self, now: Now, memory: Memory, *, hinted: bool) -> Observation:
        """Ask what ``memory.echo_plans`` wants (everything when ``hinted``). Returns within the probe timeout; never raises."""
        ...

    def abandon(self) -> None:
        """End the observation under way at once, for a stop that must not wait for a hung probe. Safe in signal handlers."""
        ...


class CallLog(Protocol):
    """Where every call that leaves the house is written down."""

    def drain(self) -> tuple[ApiCall, ...]:
        """The calls since the last drain."""
        ...


class DnsTruth(Protocol):
    """One DNS-over-HTTPS operator."""

    operator: str

    def look_up(self, key: RecordKey, deadline: Instant) -> TruthAnswer:
        """Raises ProbeFailed when there is no usable answer (unreachable, SERVFAIL, malformed)."""
        ...


class DnsProvider(Protocol):
    """Where a record is kept. There is no way to delete one."""

    name: str
    in_public_dns: bool
    """False when public resolvers cannot know the record (a hosts file): then the provider itself is the truth."""

    def read(self, spec: RecordSpec, deadline: Instant) -> RecordSet:
        """What is held now. Raises ActionFailed."""
        ...

    def create(self, spec: RecordSpec, address: IpAddress, deadline: Instant) -> None:
        """Make the missing record. Raises ActionFailed."""
        ...

    def update(self, spec: RecordSpec, held: HeldRecord, address: IpAddress, deadline: Instant) -> None:
        """Change the content of ``held``, and of the rest only what ``spec`` names. Raises ActionFailed."""
        ...


class PowerSwitch(Protocol):
    """What the modem's power runs through. Everything but ``bounce`` may be done at any time, as often as one likes."""

    name: str
    """The device's type, as in the settings."""
    device_owns_timer: bool
    """False: nobody but us turns the power on again after a bounce."""

    def identify(self, deadline: Instant) -> Identity:
        """Who is there. Raises ProbeFailed, also when it is another device than the one known."""
        ...

    def is_on(self, deadline: Instant) -> PowerReading:
        """What the relay does, of whichever device is there. Raises ProbeFailed."""
        ...

    def bounce(self, off_for_s: float, deadline: Instant) -> BounceReceipt:
        """Cut the power for a while; returns as soon as its return is proven, long before it happens.

        Raises ActionFailed: ``refusal`` when this device must not be switched as things stand (the text says what to do),
        ``doubtful`` when the power may be off without proof that it comes back.
        """
        ...

    def ensure_on(self, deadline: Instant) -> None:
        """Turn it on and read that back; harmless when it is on. Raises ActionFailed, always ``doubtful``."""
        ...


class StateStore(Protocol):
    """What survives a restart."""

    def load(self, now: Now) -> Memory:
        """What was committed last, or a fresh Memory. Never trusted: the phase is INIT, streaks are gone. Never raises."""
        ...

    def commit(self, cycle: Cycle) -> None:
        """On disk when this returns. Raises StateUnavailable; what could not be written is written with the next commit."""
        ...

    def commit_intent(self, memory: Memory) -> None:
        """On disk before an action is taken. Raises StateUnavailable."""
        ...


class Recorder(Protocol):
    """Somebody who is told about each cycle after it is on disk."""

    name: str

    def record(self, cycle: Cycle) -> None: ...


class Faults(Protocol):
    """Where the named borders put the exceptions that they caught."""

    def caught(self, where: str, error: Exception) -> None:
        """Count and log it. ``where`` is one of a closed set: observe, assess, decide, act, commit, record, reload, listen."""
        ...
