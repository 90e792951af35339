"""What tests of several stages share: raw servers on loopback that misbehave as told, and a private CA."""

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import trustme

pytest_plugins = ("tests.servers.dns",)

# A busy machine is no failure: what costs time belongs to the benchmark.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest's own folder in it is readable for its owner only
ROOM = 2 * 1024**3
"""Bytes: a whole run keeps a tenth of it at a time."""

Talk = Callable[[socket.socket], None]


def _in_memory() -> None:
    """Tests' folders lie in memory where there is room for them: a state store waits for its disk with each commit, and there are
    tens of thousands. Nothing here asks whether a disk keeps what was synced; ``PYTEST_DEBUG_TEMPROOT`` names another place."""
    with contextlib.suppress(OSError):
        found = os.statvfs(MEMORY)
        if os.access(MEMORY, os.W_OK) and not found.f_flag & os.ST_NOEXEC and found.f_bavail * found.f_frsize >= ROOM:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


_in_memory()


class Loopback:
    """Raw TCP servers on ephemeral loopback ports; every connection is handed to ``talk`` in a thread, and closed after it."""

    def __init__(self) -> None:
        self.over = threading.Event()
        """Set when the test ends: a server that is meant to be silent waits for this."""
        self.accepted = 0
        self._listeners: list[socket.socket] = []
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def serve(self, talk: Talk, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> int:
        """Start one; returns its port."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, 0), family=family)
        self._listeners.append(listener)
        self._spawn(self._accept, listener, talk, tls)
        return int(listener.getsockname()[1])

    def answer(self, payload: bytes, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> int:
        """A server that reads one request's headers and answers with these bytes."""

        def talk(connection: socket.socket) -> None:
            read_head(connection)
            connection.sendall(payload)

        return self.serve(talk, tls=tls, host=host)

    def silent(self, connection: socket.socket) -> None:
        """Accept and say nothing."""
        self.over.wait()

    def close(self) -> None:
        self.over.set()
        for sock in (*self._listeners, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket, talk: Talk, tls: ssl.SSLContext | None) -> None:
        while not self.over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._open.add(connection)
            self._spawn(self._talk, connection, talk, tls)

    def _talk(self, connection: socket.socket, talk: Talk, tls: ssl.SSLContext | None) -> None:
        with contextlib.suppress(OSError), connection:
            if tls is None:
                talk(connection)
                return
            with tls.wrap_socket(connection, server_side=True) as secured:
                talk(secured)
                with contextlib.suppress(OSError, ValueError):  # the talk, or the peer, may have hung up
                    secured.unwrap()


def read_head(connection: socket.socket) -> bytes:
    """One request's head; bodies follow it."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(4096)
        if not piece:
            break
        head += piece
    return head


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    servers = Loopback()
    yield servers
    servers.close()


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    """A private certificate authority."""
    return trustme.CA()


@pytest.fixture
def ca_environ(ca: trustme.CA) -> Iterator[dict[str, str]]:
    """An environment in which that authority is trusted, and no other."""
    with ca.cert_pem.tempfile() as path:
        yield {"REQUESTS_CA_BUNDLE": path}


@pytest.fixture
def server_tls(ca: trustme.CA) -> Callable[..., ssl.SSLContext]:
    """Makes server-side TLS contexts for the names given."""

    def make(*names: str, authority: trustme.CA = ca, **options: object) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names, **options).configure_cert(context)  # type: ignore[arg-type]
        return context

    return make
