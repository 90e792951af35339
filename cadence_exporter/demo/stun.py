"""A STUN server on loopback: says the address of the pretend home to whoever asks where he is seen from (RFC 8489)."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from enum import StrEnum
from ipaddress import IPv4Address

from cadence_exporter.demo.closes import Closes

COOKIE = 0x2112A442
REQUEST, SUCCESS, ERROR = 0x0001, 0x0101, 0x0111
XOR_MAPPED_ADDRESS, MAPPED_ADDRESS, SOFTWARE = 0x0020, 0x0001, 0x8022
HEADER_BYTES = 20


class StunMode(StrEnum):
    """How a question is treated."""

    ANSWER = "answer"
    OFF = "off"
    PLAIN = "plain"
    """MAPPED-ADDRESS only, as servers of RFC 3489 do."""
    ERROR = "error"
    FORGED = "forged"
    """The answer to a question that was not asked."""
    GARBAGE = "garbage"


class StunFake(Closes):
    """``address`` is asked at each question. ``mapped_port`` None: the port that the question came from."""

    def __init__(self, address: Callable[[], str], host: str = "127.0.0.1") -> None:
        self._address = address
        self.mode = StunMode.ANSWER
        self.mapped_port: int | None = None
        self.requests = 0
        self.heard_from: set[tuple[str, int]] = set()
        """The sockets that asked."""
        self._closing = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name=f"stun {self.port}", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """As in the settings."""
        return f"stun://{self.host}:{self.port}"

    def close(self) -> None:
        """Give the port back."""
        if self._closing.is_set():
            return
        self._closing.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", (self.host, self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, sender = self._socket.recvfrom(1500)
            if self._closing.is_set():
                return
            if len(question) < HEADER_BYTES or self.mode is StunMode.OFF:
                continue
            self.requests += 1
            self.heard_from.add(sender)
            with contextlib.suppress(OSError):
                self._socket.sendto(self._answer(question, sender[1]), sender)

    def _answer(self, question: bytes, port: int) -> bytes:
        transaction = question[8:HEADER_BYTES]
        if self.mode is StunMode.GARBAGE:
            return b"\x01\x01\x00\x04" + question[4:HEADER_BYTES] + b"\x00\x20\xff\xff"
        if self.mode is StunMode.ERROR:
            return _packet(ERROR, transaction, b"")
        if self.mode is StunMode.FORGED:
            transaction = bytes(12)
        mapped = IPv4Address(self._address()), self.mapped_port or port
        kind, mask = (MAPPED_ADDRESS, 0) if self.mode is StunMode.PLAIN else (XOR_MAPPED_ADDRESS, COOKIE)
        value = struct.pack("!BBHI", 0, 1, mapped[1] ^ mask >> 16, int(mapped[0]) ^ mask)
        return _packet(SUCCESS, transaction, _attribute(SOFTWARE, b"pretend") + _attribute(kind, value))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _packet(kind: int, transaction: bytes, body: bytes) -> bytes:
    return struct.pack("!HHI", kind, len(body), COOKIE) + transaction + body
