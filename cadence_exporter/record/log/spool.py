"""An output that cannot stop anybody: lines wait in memory for a thread of their own, and are dropped when too many wait.

A pipe whose reader has stopped (a log shipper that hangs, ``less`` on the other side) blocks whoever writes to it, for ever.
"""

import contextlib
import os
import queue
import select
import threading
from typing import TextIO

MOST_WAITING = 2000
"""Lines. Some ten minutes of an outage at its most talkative, and less than a megabyte."""
FAREWELL_S = 0.2
"""How long the end of the process waits for a reader; a stop must not take longer than two seconds altogether."""

_NO_FD = -1


class Spool:
    """Used as a text stream by ``Console``. Writes straight to the file descriptor.

    The interpreter's own buffered stdout would not do: a thread that hangs in it holds its lock, and the interpreter aborts at exit.
    """

    def __init__(self, fd: int, encoding: str) -> None:
        self.encoding = encoding
        self.dropped = 0
        """Lines that were not written: too many were waiting, or the output failed (closed pipe, full disk)."""
        self._fd = fd
        self._lock = threading.Lock()
        self._waiting: queue.Queue[bytes | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name="log", daemon=True)
        self._thread.start()

    @classmethod
    def over(cls, stream: TextIO | None) -> "Spool":
        """In place of ``stream``; ``None`` is what Python makes of a standard output that was closed before it began."""
        if stream is None:
            return cls(_NO_FD, "utf-8")
        stream.flush()
        return cls(stream.fileno(), stream.encoding)

    def write(self, text: str, /) -> int:
        """Take one line. Never blocks."""
        try:
            self._waiting.put_nowait(text.encode(self.encoding, "replace"))
        except queue.Full:
            self._drop()
        return len(text)

    def flush(self) -> None:
        """Nothing to do: lines are written as soon as the reader takes them."""

    def close(self) -> None:
        """Write what waits, unless the reader does not take it."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
            self._thread.join(FAREWELL_S)

    def _work(self) -> None:
        while (line := self._waiting.get()) is not None:
            try:
                self._put(line)
            except OSError:
                self._drop()

    def _put(self, line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:  # whoever started us made it non-blocking
                poll = select.poll()
                poll.register(self._fd, select.POLLOUT)
                poll.poll()

    def _drop(self) -> None:
        with self._lock:
            self.dropped += 1
