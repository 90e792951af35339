"""One daemon thread for one kind of slow work. A hung call costs its own lane only, never the loop and never the process exit."""

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, cast

T = TypeVar("T")


class LaneBusy(Exception):
    """The lane is still occupied by an earlier call, or the system gives it no thread."""


class Ticket(Generic[T]):
    """One piece of work handed to a lane."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work: Callable[[], T] | None = work
        self._value: T | None = None
        self._error: BaseException | None = None
        self._done = False
        # Not an Event: its lock is not reentrant, and ``abandon`` is called by signal handlers.
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()

    @property
    def done(self) -> bool:
        """Whether the work has ended, one way or the other."""
        return self._done

    def run(self) -> None:
        """Do the work, once; called by the lane's thread."""
        work, self._work = self._work, None  # what the work holds on to is let go as soon as it ends
        try:
            if work is not None:
                self._value = work()
        except BaseException as error:  # noqa: BLE001 - carried to the caller, who decides
            self._error = error
        self._done = True
        self._news.put(None)

    def abandon(self) -> None:
        """Nobody wants to wait for this any more; safe in signal handlers. The work goes on."""
        self._news.put(None)

    def result(self, timeout_s: float) -> T:
        """The value, or what the work raised; TimeoutError when it is not there in time (the work goes on) or abandoned."""
        if not self._done:
            with contextlib.suppress(queue.Empty):
                self._news.get(timeout=max(0.0, timeout_s))
                self._news.put(None)  # for whoever asks again
        if not self._done:
            raise TimeoutError("no result in time")
        if self._error is not None:
            raise self._error
        return cast("T", self._value)


class Worker(Protocol):
    """Where slow work is handed to: a lane, or whoever does it on the spot."""

    def submit(self, work: Callable[[], T]) -> Ticket[T]:
        """Hand work over. Raises LaneBusy."""
        ...

    def close(self) -> None:
        """No more work comes for now. Does not wait."""
        ...


class Lane:
    """A named daemon thread, started when it is first needed. Work is handed over by one thread only: the deciding one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._inbox: queue.SimpleQueue[Ticket[Any] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._current: Ticket[Any] | None = None

    @property
    def busy(self) -> bool:
        """Whether earlier work has not come back yet."""
        return self._current is not None and not self._current.done

    def submit(self, work: Callable[[], T]) -> Ticket[T]:
        """Hand work over. Raises LaneBusy instead of queueing: stale work would be done at the wrong time."""
        if self.busy:
            raise LaneBusy(self.name)
        if self._thread is None:
            self._thread = self._begun()
        ticket: Ticket[T] = Ticket(work)
        self._current = ticket
        self._inbox.put(ticket)
        return ticket

    def _begun(self) -> threading.Thread:
        """Raises LaneBusy when the system gives no more threads: that costs this piece of work, not the loop. The next one tries again."""
        thread = threading.Thread(target=_serve, args=(self._inbox,), name=self.name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise LaneBusy(self.name) from error
        return thread

    def abandon(self) -> None:
        """Let go whoever waits for this lane; safe in signal handlers."""
        current = self._current
        if current is not None:
            current.abandon()

    def close(self) -> None:
        """Let the thread end as soon as it is free. Does not wait; the lane can be used again later."""
        if self._thread is not None:
            self._thread = None
            inbox, self._inbox = self._inbox, queue.SimpleQueue()
            inbox.put(None)


def _serve(inbox: "queue.SimpleQueue[Ticket[Any] | None]") -> None:
    while (ticket := inbox.get()) is not None:
        ticket.run()
        del ticket  # nothing is held on to while waiting for more
