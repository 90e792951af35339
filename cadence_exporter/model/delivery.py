"""What the sinks tell the outside world, and how they fare. It decides nothing: a sink that fails leaves the loop as it was."""

from collections.abc import Mapping
from enum import StrEnum

from cadence_exporter.model.instants import WallTime
from cadence_exporter.model.value import value


class Kind(StrEnum):
    """What can happen that somebody outside wants to know."""

    OUTAGE_BEGAN = "outage_began"
    OUTAGE_ENDED = "outage_ended"
    ADDRESS_CHANGED = "address_changed"
    DNS_CHANGED = "dns_changed"
    BOUNCED = "bounced"
    """The modem's power was cut, or was to be: the outcome says which."""


@value
class Happening:
    """One thing that happened, told once to each channel that wants it."""

    id: str
    """The same for the same happening, also after a restart: what was told already is recognised by it."""
    kind: Kind
    at: WallTime
    facts: Mapping[str, str | float]
    """Addresses, names, layers and seconds; which ones depends on the kind."""


class SinkName(StrEnum):
    """Every sink there is. A closed set: it is a metric label."""

    SHEETS = "sheets"
    NOTIFY = "notify"
    HEARTBEAT = "heartbeat"


class Trouble(StrEnum):
    """Why a delivery did not work. A closed set: it is a metric label."""

    TIMEOUT = "timeout"
    """No answer in time: whether it arrived is not known."""
    NETWORK = "network"
    AUTH = "auth"
    """The credentials are not accepted."""
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    REJECTED = "rejected"
    """Refused for another reason: the request is not understood there."""
    SERVER = "server"
    CONTENT = "content"
    """An answer that is none, or one that turned out to be untrue."""
    SETUP = "setup"
    """Something is missing on this side: an extra that is not installed, a key that cannot be read."""
    BUG = "bug"


@value
class SinkState:
    """One sink as it stands now. The counts begin at zero with the process."""

    sink: SinkName
    up: bool | None
    """``None``: nothing was tried yet."""
    why: str
    """What keeps it from delivering; empty while it delivers. Written by this program: no word of an answer, of a URL or of a key."""
    trouble: Trouble | None
    backlog: int
    """Happenings that wait to be told."""
    delivered: int
    dropped: int
    """Happenings that gave way because too many were waiting."""
    failures: Mapping[Trouble, int]
    last_success: WallTime | None
    took_s: float | None
    """Of the last delivery that worked."""
    retry_in_s: float | None
    """Seconds until it is tried again at the earliest; ``None`` while it delivers."""
