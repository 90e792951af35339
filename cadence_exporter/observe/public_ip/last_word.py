"""What the tripwire last heard, shared between its thread and the crew: no facts travel by the doorbell."""

import threading
from ipaddress import IPv4Address

from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import MappedAddress


class LastWord:
    """Safe from any thread. Lives as long as the process: a reload begins with what is known."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: tuple[IPv4Address, Instant] | None = None
        self._worked: Instant | None = None
        self._failed: Instant | None = None

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
            if works:
                self._worked = now
            else:
                self._failed = now

    def failed_since(self, since: Instant) -> bool:
        """Whether a look found the WAN path dead after ``since``."""
        with self._lock:
            return self._failed is not None and self._failed >= since

    def worked_since(self, since: Instant, until: Instant) -> bool:
        """Whether the last look that found the WAN path working was made between the two."""
        with self._lock:
            return self._worked is not None and since <= self._worked <= until
