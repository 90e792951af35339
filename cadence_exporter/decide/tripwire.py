"""When the tripwire rings: another address, a silence that may be an outage, and the end of one. Pure; its socket is elsewhere."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import NamedTuple

from cadence_exporter.model.instants import Instant, later

REFUTED_S = 10.0
"""An answer that is still missing so long after a look found the path working will not come: it is the servers that are dead."""
DEAF_S = 3600.0
"""Silence that turned out to be no outage does not ring for so long: UDP may be blocked here, or get lost all day."""
LONG_SILENCE_S = 60.0
"""Until then also one that does not ring is worth asking on: a line that comes back with another address was silent for seconds."""


class PathSeen(NamedTuple):
    """When a look last found the WAN path working, and when failing."""

    worked: Instant | None = None
    failed: Instant | None = None

    def failed_since(self, since: Instant) -> bool:
        """Whether a look found it dead after ``since``."""
        return self.failed is not None and self.failed >= since

    def worked_between(self, since: Instant, until: Instant) -> bool:
        """Whether the last look that found it working was made between the two."""
        return self.worked is not None and since <= self.worked <= until


@dataclass(slots=True)
class Tripping:
    """What the tripwire knows. Its methods return whether to ring."""

    address: IPv4Address | None = None
    """Seen last; None: nobody ever answered."""
    silent_since: Instant | None = None
    """When the first question was asked that nobody answered; None while they are answered."""
    _rung: bool = field(default=False)
    """For this silence."""
    _deaf_until: Instant | None = field(default=None)

    def heard(self, address: IPv4Address, now: Instant, path: PathSeen) -> bool:
        """A server answered: it sees us under ``address``."""
        changed = self.address is not None and address != self.address
        # A change explains the silence before it: whatever a look then found, that was no false alarm.
        rings = changed or self._end_of_an_outage(now, path)
        self.address, self.silent_since, self._rung = address, None, False
        return rings

    def silence(self, asked: Instant, now: Instant, path: PathSeen) -> bool:
        """Nobody answered what was asked at ``asked``."""
        if self.silent_since is None:
            self.silent_since = asked
            self._rung = self.address is not None and not self._deaf(now)
            return self._rung
        if self.refuted(now, path):
            self._deaf_until = later(now, DEAF_S)
        return False

    def refuted(self, now: Instant, path: PathSeen) -> bool:
        """Whether the path worked all the time that nobody answered."""
        since = self.silent_since
        if since is None or path.failed_since(since):
            return False
        return path.worked_between(since, later(now, -REFUTED_S))

    def hopeless(self, now: Instant, path: PathSeen) -> bool:
        """Whether there is little to hear: nobody ever answered, or the silence has nothing to do with the path."""
        if self.silent_since is None:
            return False
        if self.address is None:
            return True
        long = now - self.silent_since >= LONG_SILENCE_S or self.refuted(now, path)
        return long and self._deaf(now) and not path.failed_since(self.silent_since)

    def _end_of_an_outage(self, now: Instant, path: PathSeen) -> bool:
        since = self.silent_since
        if since is None:
            return False
        if path.failed_since(since):
            return True
        if self._rung and path.worked_between(since, now):
            self._deaf_until = later(now, DEAF_S)
            return False
        return self._rung

    def _deaf(self, now: Instant) -> bool:
        return self._deaf_until is not None and now < self._deaf_until
