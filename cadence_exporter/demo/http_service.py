"""An HTTP/1.1 service on loopback that can also misbehave: silence, resets, drips, delays and endless bodies."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

from cadence_exporter.demo.closes import Closes
from cadence_exporter.demo.tcp_port import PortMode, TcpPort


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in. Header names are in lower case; ``target`` is path and query as sent."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    """Seconds before anything is said."""
    drip_s: float = 0.0
    """Seconds before each single byte of the body."""
    times: int = 1
    """How often the body is sent, one after the other: a gigabyte costs no memory here."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Take the request and never answer it."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Take the request and reset the connection."""


Answering = Reply | Silence | Reset


class HttpService(Closes):
    """Answers each request by ``answer``, which is called from one thread per connection."""

    def __init__(
        self, answer: Callable[[Asked], Answering], host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self._answer = answer
        self._tls = tls
        self._closing = threading.Event()
        self.port = TcpPort(self._serve, host)

    @property
    def url(self) -> str:
        """Scheme, host and port, without a path."""
        return f"{'https' if self._tls else 'http'}://{self.port.address}"

    def reachable(self, mode: PortMode) -> None:
        """Open or close the port beneath; the number stays."""
        self.port.mode = mode

    def close(self) -> None:
        """Cut what is live and give the port back."""
        self._closing.set()
        self.port.close()

    def _serve(self, connection: socket.socket) -> None:
        if self._tls is None:
            _Handler(connection, self._answer, self._closing)
            return
        # A duplicate, because wrapping takes the descriptor away and the port must still be able to cut the connection.
        wrapped = self._tls.wrap_socket(connection.dup(), server_side=True)
        try:
            _Handler(wrapped, self._answer, self._closing)
        finally:
            wrapped.close()


class _Handler(BaseHTTPRequestHandler):
    """Parses requests of one connection and sends the answers."""

    protocol_version = "HTTP/1.1"
    server_version = "pretend"
    sys_version = ""
    disable_nagle_algorithm = True

    def __init__(
        self, connection: socket.socket, answer: Callable[[Asked], Answering], closing: threading.Event
    ) -> None:
        self._answer = answer
        self._closing = closing
        with contextlib.suppress(OSError):
            super().__init__(cast("Any", connection), connection.getpeername(), cast("Any", None))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own signature
        """Say nothing: the services keep their own logs of what was asked."""

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self._answer(Asked(self.command, self.path, headers, body))
        match answer:
            case Reply():
                self._say(answer)
            case Silence():
                while self.connection.recv(4096):  # until the caller gives up or the port is cut
                    pass
                self.close_connection = True
            case Reset():
                # Linger of zero seconds: close() then sends a RST instead of a FIN (socket(7)).
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        """``do_GET`` and its like: the library looks each method up by its name."""
        if name.startswith("do_"):
            return self._take
        raise AttributeError(name)

    def _say(self, reply: Reply) -> None:
        self._closing.wait(reply.delay_s)
        self.send_response(reply.status)
        headers = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body) * reply.times)}
        if self.close_connection:
            headers["Connection"] = "close"  # RFC 9112 section 9.6: a caller that keeps connections must know
        for name, value in {**headers, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        for _ in range(reply.times):
            if not reply.drip_s:
                self.wfile.write(reply.body)
                continue
            for byte in reply.body:
                if self._closing.wait(reply.drip_s):
                    return
                self.wfile.write(bytes((byte,)))
