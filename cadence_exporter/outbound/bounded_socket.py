"""Sockets that cannot outlive their deadline: every single receive and send is given only the time that is left.

No watchdog thread: a peer that drips a byte a second is cut off by the same arithmetic as one that is silent.
"""

import errno
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Any, TypeVar

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.seams import Clock

T = TypeVar("T")

# SO_LINGER on, zero seconds: closing throws away what the kernel has not sent yet, so that nothing is written late.
_DROP_UNSENT = struct.pack("ii", 1, 0)


class Bound:
    """How long one connection may live (an instant on the clock's monotonic side) and how many bytes it may bring in."""

    def __init__(self, clock: Clock, deadline: Instant, max_bytes_in: int) -> None:
        self._clock = clock
        self._deadline = deadline
        self._bytes_left = max_bytes_in

    def remaining_s(self) -> float:
        """Seconds left; raises ProbeFailed (timeout) when there are none."""
        left = self._deadline - self._clock.monotonic()
        if left <= 0:
            raise ProbeFailed(FailureReason.TIMEOUT, "the deadline passed")
        return left

    def run(self, sock: socket.socket, operation: Callable[[], T]) -> T:
        """Do one socket operation within what is left. Raises ProbeFailed (timeout) and makes sure that nothing is sent any more."""
        try:
            sock.settimeout(self.remaining_s())
            result = operation()
            self.remaining_s()
        except TimeoutError as error:
            _drop_unsent(sock)
            raise ProbeFailed(FailureReason.TIMEOUT, "the deadline passed") from error
        except ProbeFailed:
            _drop_unsent(sock)
            raise
        return result

    def received(self, count: int) -> int:
        """Count bytes as they come off the wire, headers and framing included; raises ProbeFailed (content) beyond the cap."""
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise ProbeFailed(FailureReason.CONTENT, "more bytes than such an answer may have")
        return count


class BoundedSocket(socket.socket):
    """A TCP socket with a bound, for plain connections and as the carrier of a TLS one."""

    bound: Bound

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:  # noqa: ANN401 - as the standard library's
        """As socket.recv_into, within the bound."""
        receive = super().recv_into
        return self.bound.received(self.bound.run(self, lambda: receive(buffer, nbytes, flags)))

    def sendall(self, data: Any, flags: int = 0) -> None:  # noqa: ANN401 - as the standard library's
        """As socket.sendall, within the bound."""
        send = super().sendall
        self.bound.run(self, lambda: send(data, flags))

    def receive(self, count: int) -> bytes:
        """Exactly so many bytes. Raises ConnectionError when the other side hangs up before, and ProbeFailed."""
        buffer = bytearray(count)
        view, got = memoryview(buffer), 0
        while got < count:
            piece = self.recv_into(view[got:])
            if piece == 0:
                raise ConnectionAbortedError(errno.ECONNABORTED, "hung up in the middle of an answer")
            got += piece
        return bytes(buffer)


class BoundedTlsSocket(ssl.SSLSocket):
    """A TLS socket with a bound; contexts of the house make these."""

    bound: Bound

    def do_handshake(self, block: bool = False) -> None:
        """As SSLSocket.do_handshake; OpenSSL's many reads and writes share the time that is left."""
        shake = super().do_handshake
        self.bound.run(self, lambda: shake(block))

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:  # noqa: ANN401 - as the standard library's
        """As SSLSocket.recv_into, within the bound."""
        receive = super().recv_into
        return self.bound.received(self.bound.run(self, lambda: receive(buffer, nbytes, flags)))

    def send(self, data: Any, flags: int = 0) -> int:  # noqa: ANN401 - as the standard library's
        """As SSLSocket.send, within the bound; ``sendall`` is made of these."""
        send = super().send
        return self.bound.run(self, lambda: send(data, flags))


def _drop_unsent(sock: socket.socket) -> None:
    if sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_UNSENT)
