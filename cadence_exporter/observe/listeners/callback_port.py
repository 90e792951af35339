"""Where the router's events arrive: a small HTTP port on the LAN. One thread, few connections, none of them for longer than seconds."""

import contextlib
import selectors
import socket
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv4Address
from typing import Self

from cadence_exporter.model.hearing import Ignored
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.observe.listeners.gena_messages import BadNotify, Notify, notify
from cadence_exporter.seams import Clock

MOST_OPEN = 8
"""A router delivers one event at a time; more connections push out the oldest."""
REQUEST_S = 3.0
"""From accept to the last byte: a sender that drips its event is cut off."""
_PIECE = 4096
_BACKLOG = 64

Judge = Callable[[Notify], HTTPStatus]


@dataclass(slots=True)
class _Caller:
    """An open connection."""

    sock: socket.socket
    until: Instant
    raw: bytes = b""


class CallbackPort:
    """Open from the constructor to ``close``. Only ``gateway`` is let in; each event is handed to ``judge``, whose status is the answer.

    Raises OSError in the constructor when ``own`` cannot be listened on.
    """

    def __init__(
        self, own: IPv4Address, gateway: IPv4Address, clock: Clock, judge: Judge, ignored: Callable[[Ignored], None]
    ) -> None:
        self._gateway = str(gateway)
        self._clock = clock
        self._judge = judge
        self._ignored = ignored
        self._callers: list[_Caller] = []
        self._listener = socket.create_server((str(own), 0), backlog=_BACKLOG)
        self._listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        """As a context it closes itself."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """What the router is told to call."""
        host, port = self._listener.getsockname()
        return f"http://{host}:{port}/"

    def serve(self, seconds: float) -> None:
        """Wait at most this long for something to happen, and deal with it."""
        for key, _ in self._selector.select(max(0.0, seconds)):
            if key.fileobj is self._listener:
                self._accept()
            else:
                self._read(key.data)
        now = self._clock.monotonic()
        for caller in [each for each in self._callers if each.until <= now]:
            self._ignored(Ignored.MALFORMED)
            self._drop(caller)

    def close(self) -> None:
        """Free everything."""
        for caller in tuple(self._callers):
            self._drop(caller)
        self._selector.close()
        self._listener.close()

    def _accept(self) -> None:
        try:
            sock, sender = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):
            return
        if sender[0] != self._gateway:
            self._ignored(Ignored.WRONG_SENDER)
            sock.close()
            return
        if len(self._callers) >= MOST_OPEN:
            self._ignored(Ignored.MALFORMED)
            self._drop(self._callers[0])
        sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
        caller = _Caller(sock, later(self._clock.monotonic(), REQUEST_S))
        self._callers.append(caller)
        self._selector.register(sock, selectors.EVENT_READ, caller)

    def _read(self, caller: _Caller) -> None:
        if caller not in self._callers:  # pushed out in this very round
            return
        try:
            piece = caller.sock.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._drop(caller)
            return
        caller.raw += piece
        try:
            event = notify(caller.raw, ended=not piece)
        except BadNotify as bad:
            self._ignored(Ignored.MALFORMED)
            self._answer(caller, HTTPStatus(bad.status))
            return
        if event is not None:
            self._answer(caller, self._judge(event))

    def _answer(self, caller: _Caller, status: HTTPStatus) -> None:
        """So few bytes always fit into the kernel's buffer; whoever has hung up does not get them."""
        text = f"HTTP/1.1 {status} {status.phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        with contextlib.suppress(OSError):
            caller.sock.send(text.encode())
        self._drop(caller)

    def _drop(self, caller: _Caller) -> None:
        self._callers.remove(caller)
        self._selector.unregister(caller.sock)
        caller.sock.close()
