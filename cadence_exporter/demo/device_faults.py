"""How a pretend device fails a call: before or after it did what it was told, for a test or a story to choose."""

import threading
from collections.abc import Callable
from enum import StrEnum

from cadence_exporter.demo.http_service import Answering, Asked, Reply, Reset, Silence


class DeviceFault(StrEnum):
    """One thing that goes wrong with one call."""

    LOST_BEFORE = "lost_before"
    """The command never arrives."""
    LOST_AFTER = "lost_after"
    """It is obeyed, and the answer gets lost."""
    SILENT_AFTER = "silent_after"
    """It is obeyed, and the answer never comes while the connection stays."""
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    GARBAGE_AFTER = "garbage_after"
    DENIED = "denied"
    """Another password is wanted, all of a sudden."""
    RESTART_BEFORE = "restart_before"
    """The device restarts, and the command is lost."""
    RESTART_AFTER = "restart_after"
    """It restarts just after it obeyed."""


BEFORE = frozenset({DeviceFault.LOST_BEFORE, DeviceFault.ERROR_BEFORE, DeviceFault.DENIED, DeviceFault.RESTART_BEFORE})
"""Faults of calls that are not obeyed."""

RESTARTS = frozenset({DeviceFault.RESTART_BEFORE, DeviceFault.RESTART_AFTER})


class FaultPlan:
    """Which call fails and how; calls are counted from 1."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.calls = 0
        self.by_call: dict[int, DeviceFault | None] = {}
        self.always: DeviceFault | None = None

    def clear(self) -> None:
        """Healthy from now on, and counting anew."""
        with self._lock:
            self.calls, self.by_call, self.always = 0, {}, None

    def next(self) -> DeviceFault | None:
        """What becomes of the call that came in now."""
        with self._lock:
            self.calls += 1
            return self.by_call.get(self.calls, self.always)


def with_faults(
    plan: FaultPlan, act: Callable[[Asked], Reply], restart: Callable[[], None]
) -> Callable[[Asked], Answering]:
    """``act``, for an HttpService, with the faults of the plan."""

    def answer(asked: Asked) -> Answering:
        fault = plan.next()
        if fault is None:
            return act(asked)
        if fault not in BEFORE:
            act(asked)
        if fault in RESTARTS:
            restart()
        return _OUTCOMES[fault]

    return answer


_OUTCOMES: dict[DeviceFault, Answering] = {
    DeviceFault.LOST_BEFORE: Reset(),
    DeviceFault.LOST_AFTER: Reset(),
    DeviceFault.SILENT_AFTER: Silence(),
    DeviceFault.ERROR_BEFORE: Reply(500, b"Internal Server Error"),
    DeviceFault.ERROR_AFTER: Reply(500, b"Internal Server Error"),
    DeviceFault.GARBAGE_AFTER: Reply(200, b"{]<html>"),
    DeviceFault.DENIED: Reply(401, b"no"),
    DeviceFault.RESTART_BEFORE: Reset(),
    DeviceFault.RESTART_AFTER: Reset(),
}
