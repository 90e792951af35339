"""A STUN server on loopback: says the address of the pretend home to whoever asks where he is seen from (RFC 8489)."""

import struct
from collections.abc import Callable
from enum import StrEnum
from ipaddress import IPv4Address

from cadence_exporter.demo.closes import Closes
from cadence_exporter.demo.udp_port import Sender, UdpPort

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
        self.heard_from: set[Sender] = set()
        """The sockets that asked."""
        self._udp = UdpPort(self._treat, host)
        self.host, self.port = self._udp.host, self._udp.port

    @property
    def url(self) -> str:
        """As in the settings."""
        return f"stun://{self.host}:{self.port}"

    def close(self) -> None:
        """Give the port back."""
        self._udp.close()

    def _treat(self, question: bytes, sender: Sender) -> bytes | None:
        if len(question) < HEADER_BYTES or self.mode is StunMode.OFF:
            return None
        self.requests += 1
        self.heard_from.add(sender)
        return self._answer(question, sender[1])

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
