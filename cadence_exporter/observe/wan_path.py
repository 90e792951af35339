"""Whether one target beyond the router can be reached: a TCP connection, and for ``tls://`` a verified handshake on it.

The handshake tells the real target from a captive portal that accepts every connection. A refusal is a failure here.
"""

from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import PathWorks
from cadence_exporter.outbound.dial import Dialer
from cadence_exporter.settings.endpoints import Target

# Nothing is read beyond the handshake, whose bytes TLS takes from the kernel itself.
_MAX_BYTES_IN = 0


def reach(target: Target, dialer: Dialer, deadline: Instant) -> PathWorks:
    """Connect and hang up. Raises ProbeFailed."""
    sock = dialer.connect(target.host, target.port, dialer.bound(deadline, _MAX_BYTES_IN), literal_anywhere=True)
    if target.scheme == "tls":
        dialer.secure(sock, target.host).close()
    else:
        sock.close()
    return PathWorks(target.host, target.port)
