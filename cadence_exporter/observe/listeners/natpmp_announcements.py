"""Routers that speak NAT-PMP or PCP tell the LAN that their WAN address has changed. What they say is not believed: it is a bell.

RFC 6886 section 3.2.1 and RFC 6887 section 14.1.3: UDP to 224.0.0.1, port 5350.
"""

import socket
from collections.abc import Callable
from threading import Event

from cadence_exporter.model.hearing import Ear, Ignored
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.gateway import Gateway
from cadence_exporter.observe.listeners.burst import Burst
from cadence_exporter.observe.listeners.listener import Report
from cadence_exporter.observe.public_ip.natpmp_packets import is_announcement
from cadence_exporter.seams import Clock

GROUP = "224.0.0.1"
PORT = 5350
AGAIN_S = 2.0
"""The line may not carry anything yet when the router speaks, and one of its packets may be lost: a second look follows."""
ROUTE_AGE_S = 1.0
"""The kernel's table is read once a second at most: a flood of packets must not become a flood of file reads."""
_BIGGEST_PACKET = 1500


class NatPmpAnnouncements:
    """Implements ``Listener``. Bound to the group's own address, so that no unicast packet is heard; needs no privilege."""

    name = Ear.NATPMP_ANNOUNCEMENTS

    def __init__(self, gateway: Callable[[], Gateway | None], clock: Clock, port: int = PORT) -> None:
        self._gateway = gateway
        self._clock = clock
        self._port = port
        self._router: tuple[Instant, str] | None = None
        """Whom to listen to, and until when that is known."""

    def listen(self, report: Report, stop: Event) -> None:
        """See the protocol."""
        burst = Burst(again_s=AGAIN_S)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            # Others on this host may listen, too (RFC 6886 section 3.2.1). All hosts belong to the group; nothing need be joined.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((GROUP, self._port))
            report.up()
            while not stop.is_set():
                sock.settimeout(burst.patience_s(self._clock.monotonic()))
                try:
                    packet, (sender, _) = sock.recvfrom(_BIGGEST_PACKET)
                except TimeoutError:
                    pass
                else:
                    self._heard(packet, sender, burst, report)
                if burst.rings(self._clock.monotonic()):
                    report.ring(Reason.ANNOUNCEMENT)

    def _heard(self, packet: bytes, sender: str, burst: Burst, report: Report) -> None:
        now = self._clock.monotonic()
        if sender != self._router_at(now):
            report.ignored(Ignored.WRONG_SENDER)
        elif not is_announcement(packet):
            report.ignored(Ignored.MALFORMED)
        else:
            burst.news(now)

    def _router_at(self, now: Instant) -> str:
        if self._router is None or now >= self._router[0]:
            gateway = self._gateway()
            self._router = later(now, ROUTE_AGE_S), str(gateway.address) if gateway else ""
        return self._router[1]
