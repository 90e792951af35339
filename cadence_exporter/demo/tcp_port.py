"""One TCP port on loopback that can be open, refuse, or stay silent like a host that is not there, and keeps its number."""

import contextlib
import socket
import threading
from collections.abc import Callable
from enum import StrEnum

from cadence_exporter.demo.closes import Closes

STUFFING = 4
"""Connections that fill the accept queue of a silent port, so that the kernel drops every further SYN as a dead host would."""

JOIN_S = 2.0
"""Seconds for a connection's thread to notice that its socket was shut; only a bug takes longer."""


class PortMode(StrEnum):
    """How the port treats a caller."""

    OPEN = "open"
    REFUSED = "refused"
    SILENT = "silent"


class TcpPort(Closes):
    """See the module. Each connection gets a daemon thread that runs ``serve``; without one, callers are let in and told nothing."""

    def __init__(self, serve: Callable[[socket.socket], None] | None = None, host: str = "127.0.0.1") -> None:
        self._serve = serve or _say_nothing
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Never listens: it only keeps the number from going to somebody else while the port is closed.
        self._anchor = self._bound(host, 0)
        self.host = host
        self.port: int = self._anchor.getsockname()[1]
        self.accepted = 0
        self._lock = threading.RLock()
        self._mode = PortMode.REFUSED
        self._listener: socket.socket | None = None
        self._stuffing: list[socket.socket] = []
        self._live: dict[socket.socket, threading.Thread] = {}
        self.mode = PortMode.OPEN

    @property
    def address(self) -> str:
        """``host:port``, with brackets around an IPv6 host."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def mode(self) -> PortMode:
        """How callers are treated now. A change of mode cuts every live connection."""
        return self._mode

    @mode.setter
    def mode(self, mode: PortMode) -> None:
        with self._lock:
            if mode is self._mode:
                return
            self._mode = mode
            self._stop_listening()
        self._hang_up()
        with self._lock:
            if mode is PortMode.OPEN:
                self._open()
            elif mode is PortMode.SILENT:
                self._fall_silent()

    def close(self) -> None:
        """Refuse from now on, cut what is live and give the number back."""
        self.mode = PortMode.REFUSED
        self._anchor.close()

    def _bound(self, host: str, port: int) -> socket.socket:
        bound = socket.socket(self._family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        return bound

    def _open(self) -> None:
        self._listener = self._bound(self.host, self.port)
        self._listener.listen(128)
        threading.Thread(target=self._accept, args=(self._listener,), name=f"accept {self.port}", daemon=True).start()

    def _fall_silent(self) -> None:
        self._listener = self._bound(self.host, self.port)
        self._listener.listen(0)
        for _ in range(STUFFING):
            stuffing = socket.socket(self._family, socket.SOCK_STREAM)
            stuffing.setblocking(False)  # noqa: FBT003 - the socket module's own signature
            with contextlib.suppress(BlockingIOError):
                stuffing.connect((self.host, self.port))
            self._stuffing.append(stuffing)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that is in accept()
            self._listener.close()
            self._listener = None
        for stuffing in self._stuffing:
            stuffing.close()
        self._stuffing = []

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                if listener is not self._listener:
                    connection.close()
                    return
                self.accepted += 1
                name = f"serve {self.port}"
                thread = threading.Thread(target=self._run, args=(connection,), name=name, daemon=True)
                self._live[connection] = thread
                thread.start()

    def _run(self, connection: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError):
                self._serve(connection)
        finally:
            with self._lock:
                self._live.pop(connection, None)
                connection.close()

    def _hang_up(self) -> None:
        with self._lock:
            live = dict(self._live)
            for connection in live:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in live.values():
            if thread is not threading.current_thread():
                thread.join(JOIN_S)


def _say_nothing(connection: socket.socket) -> None:
    """Let the caller in and never say a word, until it goes or the port changes its mode."""
    while connection.recv(4096):
        pass
