"""The ARP probe, the only user of scapy: it costs tens of MiB, so it is imported when this probe is asked for and not before."""

from ipaddress import IPv4Address
from typing import Any

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.address import IpAddress
from cadence_exporter.model.observation import FailureReason

_TIMEOUT_S = 1.0


def arping(address: IpAddress, interface: str | None) -> None:
    """Return when the host answered an ARP request (RFC 826). Raises ProbeFailed, also when privileges or IPv4 are missing."""
    if not isinstance(address, IPv4Address):
        raise ProbeFailed(FailureReason.OTHER, "ARP is for IPv4; use the icmp or tcp probe for an IPv6 router")
    from scapy.layers.l2 import ARP, Ether  # noqa: PLC0415 - see the module
    from scapy.sendrecv import srp1  # noqa: PLC0415

    options: dict[str, Any] = {"iface": interface} if interface else {}
    question = Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(pdst=str(address))
    try:
        reply = srp1(question, timeout=_TIMEOUT_S, retry=1, verbose=0, **options)
    except PermissionError as error:
        raise ProbeFailed(FailureReason.OTHER, "ARP needs CAP_NET_RAW; give it, or set router.probe to auto") from error
    except OSError as error:
        raise ProbeFailed(FailureReason.OTHER, f"ARP cannot be sent: {error.strerror}") from error
    if reply is None:
        raise ProbeFailed(FailureReason.TIMEOUT, "no ARP reply")
