"""Keeps the listeners listening: a thread for each, started again after it fell, with growing pauses. Nothing here reaches the loop."""

import threading
from collections.abc import Iterable

from cadence_exporter.observe.listeners.board import ListenerBoard, PostReport
from cadence_exporter.observe.listeners.listener import Listener, ListenerFailed
from cadence_exporter.seams import Clock, Faults

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
"""A network that comes back is heard again within five minutes; a port that is taken for good costs a try each five minutes."""
STEADY_S = 60.0
"""Who listened for this long and then fell, begins with the first pause again."""


class Supervisor:
    """Runs one set of listeners. After a reload another supervisor, with the same board, runs the next set."""

    def __init__(self, listeners: Iterable[Listener], board: ListenerBoard, clock: Clock, faults: Faults) -> None:
        self._listeners = tuple(listeners)
        self._board = board
        self._clock = clock
        self._faults = faults
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to listen. Never raises: who cannot be started is down, and the loop polls as it always did."""
        for listener in self._listeners:
            report = self._board.report(listener.name)
            thread = threading.Thread(
                target=self._keep, args=(listener, report), name=f"listen-{listener.name}", daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:  # the system gives no more threads
                report.down(str(error))
            else:
                self._threads.append(thread)

    def stop(self) -> None:
        """No ring comes from these any more. Does not wait: their threads end by themselves within a second or two."""
        self._stop.set()
        for listener in self._listeners:
            self._board.dismiss(listener.name)

    def join(self, timeout_s: float) -> bool:
        """Wait for the threads after ``stop``, all of them together up to ``timeout_s``. Returns whether all have ended."""
        until = self._clock.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until - self._clock.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _keep(self, listener: Listener, report: PostReport) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stop.is_set():
            began = self._clock.monotonic()
            why = self._listen(listener, report)
            if self._stop.is_set():
                return
            report.down(why)
            if self._clock.monotonic() - began >= STEADY_S:
                pause_s = FIRST_PAUSE_S
            self._stop.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _listen(self, listener: Listener, report: PostReport) -> str:
        """Let it listen. Returns why it ceased to; an error that no listener may raise is counted, too."""
        try:
            listener.listen(report, self._stop)
        except ListenerFailed as failed:
            return str(failed)
        except OSError as error:
            return error.strerror or str(error) or type(error).__name__
        except Exception as error:  # noqa: BLE001 - a named border: one listener's trouble is not the loop's
            self._faults.caught("listen", error)
            return type(error).__name__
        return "it ended by itself"
