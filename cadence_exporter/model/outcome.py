"""Act -> record: what came of each action. Always a value, never an exception, never a sentence to be parsed."""

from enum import StrEnum

from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.decision import Action
from cadence_exporter.model.instants import Now
from cadence_exporter.model.recovery import PowerOutcome
from cadence_exporter.model.value import value


class Result(StrEnum):
    """How an action on a DNS record ended."""

    VERIFIED = "verified"
    """The resolvers already say the wanted address: nothing to do."""
    HELD = "held"
    """The provider's record already holds it; the resolvers do not show it (yet), or could not be asked."""
    UPDATED = "updated"
    """Changed, and read back."""
    CREATED = "created"
    """Created, and read back."""
    VISIBLE = "visible"
    """The resolvers show the published change: converged."""
    LAGGING = "lagging"
    """The resolvers do not show the published change yet."""
    REFUSED = "refused"
    """The provider's record is in a shape that must not be touched (duplicates, a CNAME, another zone), or writing is not allowed."""
    REHEARSED = "rehearsed"
    """It would have been written."""
    FAILED = "failed"
    """It did not work; it is tried again after ``retry_after_s``."""


class Operation(StrEnum):
    """What was done, or tried, at the provider. There is no delete."""

    CREATE = "create"
    UPDATE = "update"


@value
class Outcome:
    """One action and what came of it."""

    action: Action
    result: Result
    detail: str
    at: Now
    """When it was known."""
    took_s: float
    operation: Operation | None = None
    """Set when a write was attempted."""
    found: tuple[IpAddress, ...] = ()
    """What the resolvers, or the provider, held before."""
    visible_at_once: bool = False
    """Nothing to wait for: no public resolver can show this record (a hosts file, a proxied name)."""
    retry_after_s: float | None = None
    """What the provider asked for, in seconds."""

    @property
    def wrote(self) -> bool:
        """Whether the record was changed, and read back as wanted."""
        return self.result in (Result.UPDATED, Result.CREATED)


@value
class Done:
    """What came of all actions of one cycle."""

    dns: tuple[Outcome, ...] = ()
    power: PowerOutcome | None = None


@value
class ApiCall:
    """One call that left the house, for the budget. ``code`` is the closed set of the metric label: 2xx, 4xx, 429, 5xx or error."""

    service: str
    code: str
    took_s: float
    host: str
