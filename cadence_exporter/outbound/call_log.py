"""Every external call, written down when it is made, so that budgets count what really left the house."""

import threading

from cadence_exporter.model.outcome import ApiCall


class CallLog:
    """Collects calls from any thread; the loop drains it once a cycle. A late call of a hung lane is counted when it ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[ApiCall] = []

    def add(self, call: ApiCall) -> None:
        """Write one call down."""
        with self._lock:
            self._calls.append(call)

    def drain(self) -> tuple[ApiCall, ...]:
        """The calls since the last drain."""
        with self._lock:
            calls, self._calls = self._calls, []
        return tuple(calls)


class Unlogged(CallLog):
    """For calls that stay within the home: nobody drains it, so nothing is kept."""

    def add(self, call: ApiCall) -> None:
        """Forget it."""
