"""The HTTP listener: one thread accepts, one short-lived daemon thread serves each connection, their number is bounded.

When all places are taken, the connection that has waited longest for its request makes room: a flood of half-open
connections cannot keep Prometheus out. Peers that do not take their answers make room next, the oldest first.
"""

import contextlib
import selectors
import socket
import ssl
import threading
from functools import partial
from typing import Protocol

from cadence_exporter.record.web.connection import App, Connection
from cadence_exporter.record.web.listen import open_listener
from cadence_exporter.record.web.messages import Request, Response, text
from cadence_exporter.seams import Clock, Faults

MAX_CONNECTIONS = 64
MOST_BYTES = 8 * 1024 * 1024
"""Of long answers that wait for their peers to take them: a history of years is 2 MiB, and sixty of them would be all the memory."""
LONG_BYTES = 128 * 1024
"""What is shorter (the page, metrics, the status) goes out all the same."""
STOP_S = 0.4
"""How long stop() waits for the accepting thread; the serving threads are daemons and need no waiting for."""
_ACCEPT_PAUSE_S = 0.1
"""After a failed accept (no descriptors left): without it the thread would spin."""


class Tls(Protocol):
    """Where the server gets TLS from, asked for each connection so that renewed certificates are used at once."""

    def context(self) -> ssl.SSLContext | None:
        """The context to use now; ``None`` serves plain HTTP."""
        ...


class WebServer:
    """Listens from ``start`` to ``stop``. Raises ListenFailed in the constructor when the address cannot be used."""

    def __init__(self, listen: tuple[str, int], app: App, tls: Tls, clock: Clock, faults: Faults) -> None:
        self._app = app
        self._tls = tls
        self._clock = clock
        self._faults = faults
        self._listener = open_listener(listen)
        self._listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self._wake_in, self._wake_out = socket.socketpair()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: list[Connection] = []
        self._threads = 0
        self._bytes = 0
        self._thread = threading.Thread(target=self._accept_loop, name="web", daemon=True)

    @property
    def port(self) -> int:
        """The port listened on, also when 0 was asked for."""
        port: int = self._listener.getsockname()[1]
        return port

    def start(self) -> None:
        """Begin to accept."""
        self._thread.start()

    def stop(self) -> None:
        """Close everything, hung clients included; returns within half a second. May be called twice, or without start."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._wake_out.send(b"x")
        if self._thread.is_alive():
            self._thread.join(STOP_S)
        with self._lock:
            for connection in self._open:
                connection.cut()
        for each in (self._listener, self._wake_in, self._wake_out):
            each.close()

    def _accept_loop(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_in, selectors.EVENT_READ)
            while not self._stopping.is_set():
                selector.select()
                try:
                    sock, address = self._listener.accept()
                except (BlockingIOError, InterruptedError, ConnectionError):
                    continue
                except OSError:
                    self._stopping.wait(_ACCEPT_PAUSE_S)
                    continue
                self._admit(sock, str(address[0]))

    def _admit(self, sock: socket.socket, peer: str) -> None:
        connection = Connection(sock, peer, self._clock)
        with self._lock:
            admitted = not self._stopping.is_set() and self._threads < 2 * MAX_CONNECTIONS and self._make_room()
            if admitted:
                self._open.append(connection)
                self._threads += 1
        if not admitted:
            connection.close()
            return
        try:
            threading.Thread(target=self._serve, args=(connection,), name="web-connection", daemon=True).start()
        except RuntimeError:  # the kernel has no thread to give
            self._forget(connection)
            connection.close()

    def _make_room(self) -> bool:
        """Whether there is a place, evicting the longest-waiting connection when there is none. The lock is held."""
        if len(self._open) < MAX_CONNECTIONS:
            return True
        oldest = next((each for each in self._open if each.waiting), None) or next(
            (each for each in self._open if each.sending), None
        )
        if oldest is None:
            return False
        self._open.remove(oldest)
        oldest.cut()
        return True

    def _serve(self, connection: Connection) -> None:
        try:
            connection.serve(partial(self._bounded, connection), self._tls.context())
        finally:
            self._forget(connection)

    def _bounded(self, connection: Connection, request: Request) -> Response:
        """The answer, unless too much waits already for peers that take it slowly."""
        response = self._answer(request)
        length = len(response.body)
        if length < LONG_BYTES:
            return response
        with self._lock:
            if self._bytes and self._bytes + length > MOST_BYTES:
                return text(503, "too many long answers are on their way; try again", ("Retry-After", "5"))
            self._bytes += length
            connection.held = length
        return response

    def _answer(self, request: Request) -> Response:
        try:
            return self._app(request)
        except Exception as error:  # noqa: BLE001 - a border: a broken page must answer 500, not kill its thread silently
            self._faults.caught("record", error)
            return text(500, "internal error; the log says more")

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            self._threads -= 1
            self._bytes -= connection.held
            with contextlib.suppress(ValueError):
                self._open.remove(connection)
