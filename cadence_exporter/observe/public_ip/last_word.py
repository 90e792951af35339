"""What the tripwire last heard, shared between its thread and the crew: no facts travel by the doorbell."""

import threading
from ipaddress import IPv4Address

from cadence_exporter.decide.tripwire import PathSeen
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import MappedAddress


class LastWord:
    """Safe from any thread. Lives as long as the process: a reload begins with what is known."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: tuple[IPv4Address, Instant] | None = None
        self._path = PathSeen()

    def say(self, address: IPv4Address, now: Instant) -> None:
        """The tripwire got an answer."""
        with self._lock:
            self._said = (address, now)

    def read(self, now: Instant) -> MappedAddress | None:
        """What was said last, and how old it is; None when nothing ever was."""
        with self._lock:
            said = self._said
        return None if said is None else MappedAddress(said[0], now - said[1])

    def path(self, now: Instant, *, works: bool) -> None:
        """The crew knows whether a WAN target answered."""
        with self._lock:
            self._path = self._path._replace(**{"worked" if works else "failed": now})

    def path_seen(self) -> PathSeen:
        """What the looks found of the path."""
        with self._lock:
            return self._path
