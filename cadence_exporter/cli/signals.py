"""Signals as something to wait for. Main thread only."""

import contextlib
import signal
import socket
from collections.abc import Callable, Mapping

STOPS = (signal.SIGTERM, signal.SIGINT)
_ENDED = 0
"""Not a signal's number."""


class Signals:
    """``rings`` says what else is done on which signal. Undone by ``close``.

    The kernel's side of a signal writes its number into a socket (signal.set_wakeup_fd). A main thread that waits for a lock would
    be woken by most signals only: one that comes just before it falls asleep leaves Python's handler waiting for the next signal,
    and a service that was told to stop right after its start would run on.
    """

    def __init__(self, rings: Mapping[int, Callable[[], None]]) -> None:
        self._rings = rings
        self._inbox, self._outbox = socket.socketpair()
        self._outbox.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self._before = signal.set_wakeup_fd(self._outbox.fileno(), warn_on_full_buffer=False)
        for number in (*STOPS, *rings):
            signal.signal(number, lambda *_: None)  # the number in the socket is what counts

    def loop_ended(self) -> None:
        """The loop is over; safe in any thread."""
        with contextlib.suppress(OSError):  # closed: nobody waits any more
            self._outbox.send(bytes((_ENDED,)))

    def wait(self) -> bool:
        """Ring for each signal until one says stop (True), or the loop has ended by itself (False)."""
        while True:
            for number in self._inbox.recv(64):
                if number == _ENDED:
                    return False
                if number in STOPS:
                    return True
                ring = self._rings.get(number)
                if ring is not None:
                    ring()

    def close(self) -> None:
        """Further signals are ignored: a stop is under way."""
        signal.set_wakeup_fd(self._before)
        self._inbox.close()
        self._outbox.close()
