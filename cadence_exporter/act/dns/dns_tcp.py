"""One DNS message there and one back, over TCP (RFC 7766), within a deadline. The server may stand in the home or on this host."""

import socket
import struct

import dns.exception
import dns.message
import dns.rcode

from cadence_exporter.errors import ActionFailed, ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.outbound.bounded_socket import Bound, BoundedSocket
from cadence_exporter.seams import Clock

MAX_BYTES = 65_537
"""The longest message (RFC 1035 section 4.2.2) and the two octets of its length."""
_MOST_ADDRESSES = 4
# Refusals by a server that could not, or would not, look at our signature (RFC 8945 section 5.2). Nothing is concluded from them.
_MAY_BE_UNSIGNED = frozenset(
    {dns.rcode.REFUSED, dns.rcode.NOTAUTH, dns.rcode.SERVFAIL, dns.rcode.FORMERR, dns.rcode.NOTIMP}
)
_LENGTH = struct.Struct("!H")


def exchange(
    server: tuple[str, int], query: dns.message.Message, clock: Clock, deadline: Instant
) -> dns.message.Message:
    """Send a message, signed when a key was set on it, and return its verified answer. Raises ActionFailed."""
    host, port = server
    where = f"{host} port {port}"
    bound = Bound(clock, deadline, MAX_BYTES)
    wire = query.to_wire()
    try:
        with _connect(host, port, bound) as sock:
            sock.sendall(_LENGTH.pack(len(wire)) + wire)
            (length,) = _LENGTH.unpack(sock.receive(_LENGTH.size))
            answer = sock.receive(length)
    except ProbeFailed as error:
        raise ActionFailed(f"{where}: {error.detail}") from error
    except OSError as error:
        raise ActionFailed(f"{where}: {error.strerror or type(error).__name__}") from error
    return _parse(answer, query, where)


def _connect(host: str, port: int, bound: Bound) -> BoundedSocket:
    bound.remaining_s()
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[:_MOST_ADDRESSES]
    failure: OSError | None = None
    for tried, (family, kind, protocol, _, address) in enumerate(found):
        sock = BoundedSocket(family, kind, protocol)
        sock.bound = bound
        try:
            sock.settimeout(bound.remaining_s() / (len(found) - tried))
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        except ProbeFailed:
            sock.close()
            raise
        else:
            return sock
    raise failure or OSError("the name has no address")


def _parse(answer: bytes, query: dns.message.Message, where: str) -> dns.message.Message:
    try:
        response = _unsigned_refusal(answer) or dns.message.from_wire(
            answer, keyring=query.keyring, request_mac=query.mac, raise_on_truncation=True
        )
    except dns.exception.DNSException as error:
        raise ActionFailed(f"{where}: {describe(error)}") from error
    except ValueError as error:
        raise ActionFailed(f"{where}: not a DNS answer") from error
    if not query.is_response(response):
        raise ActionFailed(f"{where}: the answer to another question")
    return response


def _unsigned_refusal(answer: bytes) -> dns.message.Message | None:
    """An answer without a signature, when it is one of those that servers do not sign. Raises DNSException when malformed."""
    try:
        response = dns.message.from_wire(answer)
    except dns.message.UnknownTSIGKey:
        return None  # it is signed
    return response if response.rcode() in _MAY_BE_UNSIGNED else None


def describe(error: dns.exception.DNSException) -> str:
    """A TSIG failure in words (RFC 8945 section 5.2); others by their name."""
    name = type(error).__name__
    words = {
        "PeerBadKey": "does not know the TSIG key; its name and algorithm must be the same on both sides",
        "PeerBadSignature": "does not accept the TSIG signature; the key is not the same on both sides",
        "BadSignature": "signed its answer with another TSIG key",
        "PeerBadTime": "finds our clock too far from its own (TSIG allows 300 s)",
        "BadTime": "has a clock too far from ours (TSIG allows 300 s)",
        "PeerBadTruncation": "wants longer TSIG signatures",
        "FormError": "did not sign its answer, or it is malformed: it may come from somebody else",
        "UnknownTSIGKey": "signed its answer with a TSIG key that was not agreed on",
    }
    return words.get(name, f"not a usable DNS answer ({name})")
