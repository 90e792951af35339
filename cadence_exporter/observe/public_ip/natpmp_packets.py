"""The NAT-PMP question for the router's external address, and its answer (RFC 6886 section 3.2)."""

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
