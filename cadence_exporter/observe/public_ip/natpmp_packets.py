"""The NAT-PMP question for the router's external address and its answer (RFC 6886 section 3.2), and announcements (PCP's, too)."""

import struct
from ipaddress import IPv4Address

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.observation import FailureReason, RouterWan

REQUEST = bytes((0, 0))
"""Version 0, opcode 0."""

_RESPONSE = struct.Struct("!BBHI4s")  # version, opcode, result, seconds since the router's epoch, external address
_VERSION = 0
_EXTERNAL_ADDRESS = 128  # the opcode of the request, plus 128
_SUCCESS = 0
_NETWORK_FAILURE = 3  # section 3.5: the router has no address from its provider
_REFUSALS = {
    1: (FailureReason.OTHER, "unsupported version"),
    2: (FailureReason.REFUSED, "NAT-PMP is switched off at the router"),
    4: (FailureReason.OTHER, "out of resources"),
    5: (FailureReason.OTHER, "unsupported opcode"),
}

_PCP_VERSION = 2
_PCP_ANNOUNCED = 128  # opcode 0 with the bit of a response (RFC 6887 sections 7.2 and 14.1)
_PCP_SIZES = range(24, 1101, 4)  # the header alone, or with options behind it (section 7)

_SLOWEST_CLOCK = 7 / 8
_ROUNDING_S = 2.0


def decode(packet: bytes) -> RouterWan:
    """What the router says, whatever address that is. Raises ProbeFailed (content when it is not such an answer)."""
    if len(packet) != _RESPONSE.size:
        raise ProbeFailed(FailureReason.CONTENT, f"{len(packet)} bytes instead of {_RESPONSE.size}")
    version, opcode, result, epoch_s, address = _RESPONSE.unpack(packet)
    if version != _VERSION or opcode != _EXTERNAL_ADDRESS:
        raise ProbeFailed(FailureReason.CONTENT, f"version {version}, opcode {opcode}")
    if result == _SUCCESS:
        return RouterWan(IPv4Address(address), epoch_s)
    if result == _NETWORK_FAILURE:
        return RouterWan(None, epoch_s)
    raise ProbeFailed(*_REFUSALS.get(result, (FailureReason.CONTENT, f"result code {result}")))


def is_announcement(packet: bytes) -> bool:
    """Whether a router says with this that its WAN address changed: an unasked answer, or a PCP ANNOUNCE, which names no address."""
    if len(packet) in _PCP_SIZES:
        return packet[0] == _PCP_VERSION and packet[1] == _PCP_ANNOUNCED
    try:
        decode(packet)
    except ProbeFailed:
        return False
    return True


def epoch_ran_back(before_s: int, after_s: int, elapsed_s: float) -> bool:
    """Whether the router lost its state between two answers (RFC 6886 section 3.6): restarted, or its WAN address is another one."""
    return after_s < before_s + elapsed_s * _SLOWEST_CLOCK - _ROUNDING_S
