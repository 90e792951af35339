"""What a service manager is told: that the service is ready, that it is alive, how it is, and that it ends.

The protocol is sd_notify(3): lines ``NAME=value`` in one datagram to the socket that ``$NOTIFY_SOCKET`` names. Only a cycle that was
completed and decided says that we are alive. A thread that fed the watchdog by the clock would keep a hung loop alive.
"""

import contextlib
import socket
from collections.abc import Callable, Mapping

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.model.instants import Instant

_MICROSECONDS = 1_000_000


class Supervisor:
    """Implements ``seams.Recorder``. Without a service manager every method does nothing."""

    name = "supervisor"

    def __init__(self, environ: Mapping[str, str], stuck_at: Callable[[Cycle], Instant], pid: int) -> None:
        """``stuck_at`` says until when the cycle after this one must have been completed. ``pid`` is our own."""
        self._address = socket_address(environ.get("NOTIFY_SOCKET", ""))
        self._patience_us = watchdog_us(environ, pid)
        self._stuck_at = stuck_at
        self._ready = False

    def record(self, cycle: Cycle) -> None:
        """Ready with the first cycle, alive with each. Raises OSError when nobody takes the message."""
        if self._address is None:
            return
        wait_s = max(0.0, cycle.decision.next_look - cycle.ended.instant)
        lines = [f"STATUS={cycle.memory.phase.name}, cycle {cycle.memory.cycle}; next look in {wait_s:.0f} s"]
        if not self._ready:
            lines.append("READY=1")
        if self._patience_us is not None:
            # The wait is the user's to choose: the manager must never be more impatient than the settings.
            needed_us = int((self._stuck_at(cycle) - cycle.ended.instant) * _MICROSECONDS)
            lines += [f"WATCHDOG_USEC={max(self._patience_us, needed_us)}", "WATCHDOG=1"]
        self._send(self._address, lines)
        self._ready = True

    def starting(self, longest_s: float) -> None:
        """The first cycle may take ``longest_s``: the manager shall not give up before. Never raises."""
        if self._address is not None:
            with contextlib.suppress(OSError):
                self._send(self._address, [f"EXTEND_TIMEOUT_USEC={int(longest_s * _MICROSECONDS)}"])

    def stopping(self) -> None:
        """The end was asked for. Safe from any thread; never raises."""
        if self._address is not None:
            with contextlib.suppress(OSError):
                self._send(self._address, ["STOPPING=1", "STATUS=stopping"])

    def _send(self, address: str, lines: list[str]) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)  # noqa: FBT003 - the standard library's signature; a full queue must not stop the loop
            sock.sendto("\n".join(lines).encode(), address)


def socket_address(text: str) -> str | None:
    """A path, or a name in the abstract namespace (written with ``@``). ``None``: nobody listens, or in a way we do not speak (vsock)."""
    if text.startswith("@") and len(text) > 1:
        return "\0" + text[1:]
    return text if text.startswith("/") else None


def watchdog_us(environ: Mapping[str, str], pid: int) -> int | None:
    """Microseconds after which the manager loses patience (sd_watchdog_enabled(3)); ``None`` when it does not watch us."""
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    text = environ.get("WATCHDOG_USEC", "")
    return int(text) or None if text.isascii() and text.isdigit() else None
