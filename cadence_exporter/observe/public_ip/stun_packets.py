"""The STUN binding question, and its answer (RFC 8489 sections 5, 14.1 and 14.2): which address and port our packets carry outside."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.observation import FailureReason

TRANSACTION_BYTES = 12
"""96 random bits: who does not see our packets cannot forge an answer."""

_HEADER = struct.Struct("!HHI12s")  # type, length of what follows, magic cookie, transaction id
_ATTRIBUTE = struct.Struct("!HH")  # type, length without the padding
_ADDRESS = struct.Struct("!BBHI")  # zero, family, port, IPv4 address
_COOKIE = 0x2112A442
_REQUEST, _SUCCESS, _ERROR = 0x0001, 0x0101, 0x0111
_MAPPED_ADDRESS, _XOR_MAPPED_ADDRESS = 0x0001, 0x0020
_IPV4 = 0x01
_PADDED_TO = 4


@dataclass(frozen=True, slots=True)
class Mapped:
    """Where the server saw the question come from."""

    address: IPv4Address
    port: int


def request(transaction: bytes) -> bytes:
    """A binding request without attributes. ``transaction`` has 12 bytes."""
    return _HEADER.pack(_REQUEST, 0, _COOKIE, transaction)


def is_answer_to(packet: bytes, transaction: bytes) -> bool:
    """Whether this is a STUN response with our transaction id, a good one or a bad one."""
    if len(packet) < _HEADER.size:
        return False
    kind, _, cookie, said = _HEADER.unpack_from(packet)
    return kind in (_SUCCESS, _ERROR) and cookie == _COOKIE and said == transaction


def decode(packet: bytes) -> Mapped:
    """What a response says. Raises ProbeFailed (content) when it is none, or is an error response.

    The address in XOR-MAPPED-ADDRESS comes before the plain one, which some NATs rewrite on the way. Attributes unknown to us are
    passed over, also those that a newer server calls required: none of them changes what the address means.
    """
    if len(packet) < _HEADER.size:
        raise _bad(f"{len(packet)} bytes")
    kind, length, cookie, _ = _HEADER.unpack_from(packet)
    if kind != _SUCCESS or cookie != _COOKIE or length != len(packet) - _HEADER.size or length % _PADDED_TO:
        raise _bad(f"type {kind:#06x}, length {length}")
    found = _attributes(packet[_HEADER.size :])
    if _XOR_MAPPED_ADDRESS in found:
        return _mapped(found[_XOR_MAPPED_ADDRESS], _COOKIE)
    if _MAPPED_ADDRESS in found:
        return _mapped(found[_MAPPED_ADDRESS], 0)
    raise _bad("no mapped address")


def _attributes(body: bytes) -> dict[int, bytes]:
    """The first of each type (RFC 8489 section 14: what is repeated is ignored)."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(body):
        kind, length = _ATTRIBUTE.unpack_from(body, at)
        at += _ATTRIBUTE.size
        if at + length > len(body):
            raise _bad("an attribute that is cut off")
        found.setdefault(kind, body[at : at + length])
        at += length + -length % _PADDED_TO
    return found


def _mapped(value: bytes, mask: int) -> Mapped:
    if len(value) != _ADDRESS.size:
        raise _bad("not an IPv4 address")
    _, family, port, address = _ADDRESS.unpack(value)
    if family != _IPV4:
        raise _bad(f"address family {family}")
    return Mapped(IPv4Address(address ^ mask), port ^ mask >> 16)


def _bad(detail: str) -> ProbeFailed:
    return ProbeFailed(FailureReason.CONTENT, detail)
