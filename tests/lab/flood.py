"""Forged announcements: somebody on the LAN says, a thousand times a second, that the router has another address."""

import contextlib
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator

from tests.lab.namespaces import Namespaces

GROUP = "224.0.0.1"
PORTS = (5350, 5351)
"""RFC 6886 section 3.2.1: announcements go to port 5350; before that RFC they went to 5351."""
_FROM_PORT = 5351
_TICK_S = 0.01
_HEADER = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")


class Flood:
    """Sends ``rate`` packets a second while its block lasts; ``sent`` counts them."""

    def __init__(self, box: Namespaces, source: str, rate: int, seed: int = 0) -> None:
        self.sent = 0
        self._source = source
        self._rate = rate
        self._random = random.Random(seed)  # noqa: S311 - phases, no secrets
        self._over = threading.Event()
        with box.inside("guest"):
            # With a header of our own the source may be anybody, the gateway too.
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._send, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()
            self._socket.close()

    def _send(self) -> None:
        began = time.monotonic()
        while not self._over.wait(_TICK_S):
            due = int((time.monotonic() - began) * self._rate)
            while self.sent < due:
                self._socket.sendto(self._packet(), (GROUP, 0))
                self.sent += 1

    def _packet(self) -> bytes:
        payload = self._random.choice((self._natpmp, self._pcp))()
        udp = _UDP.pack(_FROM_PORT, self._random.choice(PORTS), _UDP.size + len(payload), 0) + payload
        source, group = socket.inet_aton(self._source), socket.inet_aton(GROUP)
        return _HEADER.pack(0x45, 0, 0, 0, 0, 1, socket.IPPROTO_UDP, 0, source, group) + udp

    def _natpmp(self) -> bytes:
        """Version 0, answer to opcode 0: epoch and address (RFC 6886 section 3.2)."""
        address = bytes((81, 2, 69, self._random.randrange(1, 255)))
        return struct.pack("!BBHI4s", 0, 128, 0, self._random.randrange(2**32), address)

    def _pcp(self) -> bytes:
        """ANNOUNCE: version 2, answer to opcode 0, epoch (RFC 6887 section 14.1)."""
        return struct.pack("!BBBBII12x", 2, 0x80, 0, 0, 0, self._random.randrange(2**32))
