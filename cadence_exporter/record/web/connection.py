"""One connection: read one request against the clock, answer it, close. Slow peers cost a thread for seconds, never longer."""

import contextlib
import socket
import ssl
from collections.abc import Callable
from email.utils import formatdate
from typing import NoReturn

from cadence_exporter.model.instants import later
from cadence_exporter.record.web import wire
from cadence_exporter.record.web.messages import Request, Response, text
from cadence_exporter.record.web.wire import BadRequest
from cadence_exporter.seams import Clock

App = Callable[[Request], Response]

REQUEST_S = 5.0
"""From accept to the last byte of the request, TLS handshake included. Slow loris ends here."""
RESPONSE_S = 10.0
"""For a peer to take the whole response: a scraper gives up sooner."""
LINGER_S = 0.3
"""How long unread input of a refused request is swallowed, so that the refusal is not lost to a TCP reset."""
_LINGER_BYTES = 256 * 1024
_CHUNK = 64 * 1024
_TLS_HANDSHAKE = b"\x16"
"""The first byte a TLS client sends (RFC 8446 section 5.1)."""


class Connection:
    """A socket with its deadlines. It may be evicted while ``waiting`` (for the whole request) or ``sending``, but not in between."""

    def __init__(self, sock: socket.socket, peer: str, clock: Clock) -> None:
        self._sock = sock
        self._peer = peer
        self._clock = clock
        self._deadline = later(clock.monotonic(), REQUEST_S)
        self.waiting = True
        self.sending = False
        self.held = 0
        """Bytes of a long answer; kept here by the server."""

    def serve(self, app: App, tls: ssl.SSLContext | None) -> None:
        """Handle the connection to its end. Network trouble of the peer's making ends it silently."""
        try:
            if tls is not None and not self._handshake(tls):
                return
            self._converse(app)
        except (OSError, ValueError):  # ValueError: ssl on a socket that stop() closed
            pass
        finally:
            self.close()

    def cut(self) -> None:
        """End the connection from another thread: whoever waits on it wakes up at once."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Free the socket."""
        with contextlib.suppress(OSError):
            self._sock.close()

    def _converse(self, app: App) -> None:
        unread = False
        with_body = True
        try:
            request = self._read_request()
            with_body = request.method != "HEAD"
            self.waiting = False
            response = app(request)
        except BadRequest as refusal:
            unread = True
            response = text(refusal.status, refusal.message)
        except TimeoutError:
            unread = True
            response = text(408, "the request took too long")
        self.waiting = False
        self.sending = True
        self._deadline = later(self._clock.monotonic(), RESPONSE_S)
        self._send(wire.render(response, with_body=with_body, date=formatdate(self._clock.wall(), usegmt=True)))
        if unread:
            self._linger()

    def _handshake(self, tls: ssl.SSLContext) -> bool:
        self._sock.settimeout(self._left())
        if self._sock.recv(1, socket.MSG_PEEK) not in {_TLS_HANDSHAKE, b""}:
            hint = text(400, "this port speaks TLS: use https://")
            self._send(wire.render(hint, with_body=True, date=formatdate(self._clock.wall(), usegmt=True)))
            self._linger()
            return False
        self._sock.settimeout(self._left())
        # The old object gives up its descriptor; one reference serves both, so that cut() always meets the live one.
        wrapped = tls.wrap_socket(self._sock, server_side=True, do_handshake_on_connect=False)
        self._sock = wrapped
        wrapped.settimeout(self._left())
        wrapped.do_handshake()
        return True

    def _read_request(self) -> Request:
        raw = b""
        while b"\r\n\r\n" not in raw:
            if len(raw) > wire.MAX_HEAD_BYTES:
                raise BadRequest(431, "the request line and headers are too large")
            raw += self._receive() or _hung_up()
            if raw.startswith(_TLS_HANDSHAKE):
                raise BadRequest(400, "this port speaks plain http")
        raw_head, _, body = raw.partition(b"\r\n\r\n")
        if len(raw_head) > wire.MAX_HEAD_BYTES:
            raise BadRequest(431, "the request line and headers are too large")
        head = wire.parse_head(raw_head.lstrip(b"\r\n"))
        if head.expects_continue and len(body) < head.body_bytes:
            self._send(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(body) < head.body_bytes:
            body += self._receive() or _hung_up()
        return wire.request(head, body[: head.body_bytes], self._peer)

    def _receive(self) -> bytes:
        self._sock.settimeout(self._left())
        return self._sock.recv(4096)

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._sock.settimeout(self._left())
            view = view[self._sock.send(view[:_CHUNK]) :]

    def _linger(self) -> None:
        self._deadline = later(self._clock.monotonic(), LINGER_S)
        self._sock.shutdown(socket.SHUT_WR)
        swallowed = 0
        while swallowed < _LINGER_BYTES and (piece := self._receive()):
            swallowed += len(piece)

    def _left(self) -> float:
        left = self._deadline - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _hung_up() -> NoReturn:
    raise ConnectionAbortedError
