"""Whether the router is alive on the LAN. Any sign of life counts: a reply to a ping, an open port, even a refusal."""

import contextlib
import socket
from dataclasses import dataclass

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.instants import Instant
from cadence_exporter.model.observation import FailureReason, RouterAlive, RouterMethod
from cadence_exporter.observe.arp import arping
from cadence_exporter.observe.gateway import Gateway
from cadence_exporter.observe.icmp import may_ping, ping
from cadence_exporter.seams import Clock

# A LAN answers within milliseconds. Waiting the whole probe timeout for a router that drops everything would slow every cycle.
_TCP_S = 1.5


@dataclass(frozen=True, slots=True)
class RouterProbe:
    """How to ask: ``auto``, ``arp``, ``icmp`` or ``tcp``, and where TCP knocks."""

    method: str
    tcp_port: int

    def ask(self, gateway: Gateway, clock: Clock, deadline: Instant) -> RouterAlive:
        """Raises ProbeFailed when the router gave no sign of life."""
        if self.method == "arp":
            arping(gateway.address, gateway.interface)
            return RouterAlive(gateway.address, RouterMethod.ARP)
        if self.method == "icmp":
            return _by_icmp(gateway.address, clock, deadline)
        if self.method == "auto" and may_ping(gateway.address):
            with contextlib.suppress(ProbeFailed):  # a router that drops pings may still answer on TCP
                return _by_icmp(gateway.address, clock, deadline)
        return _by_tcp(gateway.address, self.tcp_port, clock, deadline)


def _by_icmp(address: IpAddress, clock: Clock, deadline: Instant) -> RouterAlive:
    try:
        ping(address, clock, deadline)
    except PermissionError as error:
        detail = "pinging needs net.ipv4.ping_group_range or CAP_NET_RAW; give it, or set router.probe to auto"
        raise ProbeFailed(FailureReason.OTHER, detail) from error
    return RouterAlive(address, RouterMethod.ICMP)


def _by_tcp(address: IpAddress, port: int, clock: Clock, deadline: Instant) -> RouterAlive:
    left = min(_TCP_S, deadline - clock.monotonic())
    if left <= 0:
        raise ProbeFailed(FailureReason.TIMEOUT, "the deadline passed")
    try:
        socket.create_connection((str(address), port), timeout=left).close()
    except ConnectionRefusedError:
        pass  # somebody lives there who can refuse
    except TimeoutError as error:
        raise ProbeFailed(FailureReason.TIMEOUT, f"no sign of life on TCP port {port}") from error
    except OSError as error:
        raise ProbeFailed(FailureReason.OTHER, f"TCP port {port}: {error.strerror}") from error
    return RouterAlive(address, RouterMethod.TCP)
