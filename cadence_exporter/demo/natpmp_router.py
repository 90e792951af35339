"""A router's NAT-PMP side on loopback: answers the question for its WAN address (RFC 6886 section 3.2), or does not."""

import socket
import struct
from collections.abc import Callable
from enum import StrEnum

from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.closes import Closes
from cadence_exporter.demo.udp_port import Sender, UdpPort
from cadence_exporter.seams import Clock

RESPONSE = struct.Struct("!BBHI4s")
"""Version, opcode, result, seconds since the port mapping table was last lost, external address."""

OPCODE_RESPONSE = 128
SUCCESS, UNSUPPORTED_VERSION, NETWORK_FAILURE, UNSUPPORTED_OPCODE = 0, 1, 3, 5
"""Result codes of RFC 6886 section 3.5."""


class NatPmpMode(StrEnum):
    """How a request is treated."""

    ANSWER = "answer"
    OFF = "off"
    """Not a word, as from a router that is off, or does not speak it and drops the packet."""
    NO_ADDRESS = "no_address"
    """Result 3: the router is there, and has no WAN address."""
    SWAPPED = "swapped"
    """The address with its bytes in the wrong order, as seen from careless firmware."""
    GARBAGE = "garbage"


class NatPmpRouter(Closes):
    """``address`` is asked for the WAN address at each request, unless ``says`` is set."""

    def __init__(self, address: Callable[[], str], clock: Clock | None = None, host: str = "127.0.0.1") -> None:
        self._address = address
        self._clock = clock or SystemClock()
        self.mode = NatPmpMode.ANSWER
        self.says: str | None = None
        """A WAN address of its own: private or CGNAT when there is another NAT behind it, or a lie."""
        self.requests = 0
        self._booted_at = self._clock.monotonic()
        self._udp = UdpPort(self._treat, host)
        self.host, self.port = self._udp.host, self._udp.port

    def reboot(self) -> None:
        """The epoch begins anew."""
        self._booted_at = self._clock.monotonic()

    def close(self) -> None:
        """Give the port back."""
        self._udp.close()

    def _treat(self, request: bytes, _: Sender) -> bytes | None:
        self.requests += 1
        return self._respond(request)

    def _respond(self, request: bytes) -> bytes | None:
        if self.mode is NatPmpMode.OFF or len(request) < 2:  # noqa: PLR2004 - version and opcode
            return None
        if self.mode is NatPmpMode.GARBAGE:
            return b"\x00\x80\x00\x00nonsense?"
        version, opcode = request[0], request[1]
        if version != 0:
            return self._packet(opcode, UNSUPPORTED_VERSION)
        if opcode != 0:
            return self._packet(opcode, UNSUPPORTED_OPCODE)
        if self.mode is NatPmpMode.NO_ADDRESS:
            return self._packet(opcode, NETWORK_FAILURE)
        address = socket.inet_aton(self.says or self._address())
        return self._packet(opcode, SUCCESS, address[::-1] if self.mode is NatPmpMode.SWAPPED else address)

    def _packet(self, opcode: int, result: int, address: bytes = bytes(4)) -> bytes:
        epoch_s = int(self._clock.monotonic() - self._booted_at)
        return RESPONSE.pack(0, (OPCODE_RESPONSE + opcode) % 256, result, epoch_s, address)
