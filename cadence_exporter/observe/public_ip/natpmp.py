"""Asking the gateway for its WAN address over UDP. Its word has no vote; it spares calls and it can veto."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason, RouterWan
from cadence_exporter.observe.public_ip.natpmp_packets import REQUEST, decode
from cadence_exporter.seams import Clock

# RFC 6886 section 3.1 begins with 250 ms and doubles, nine times; a router that misses three on a LAN does not speak it.
_FIRST_WAIT_S = 0.25
_TRIES = 3
PATIENCE_S = _FIRST_WAIT_S * (2**_TRIES - 1)
"""The time that all tries take."""
# One byte more than fits would be cut off silently, and look right.
_BIGGEST_PACKET = 1100


def ask(
    gateway: IPv4Address, port: int, clock: Clock, deadline: Instant, sent: Callable[[], None] = lambda: None
) -> RouterWan:
    """The router's answer. Raises ProbeFailed. The socket is connected, so that only the gateway's own port is heard.

    ``sent`` is told of each packet.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((str(gateway), port))
            for attempt in range(_TRIES):
                left = deadline - clock.monotonic()
                if left <= 0:
                    break
                sock.send(REQUEST)
                sent()
                sock.settimeout(min(left, _FIRST_WAIT_S * 2**attempt))
                try:
                    return decode(sock.recv(_BIGGEST_PACKET))
                except TimeoutError:
                    continue
        except ConnectionRefusedError as error:
            raise ProbeFailed(FailureReason.REFUSED, "the router's NAT-PMP port is closed") from error
        except OSError as error:
            raise ProbeFailed(FailureReason.OTHER, f"cannot be asked: {error.strerror}") from error
    raise ProbeFailed(FailureReason.TIMEOUT, "no NAT-PMP answer")
