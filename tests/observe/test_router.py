"""Signs of life of a router, on loopback."""

import socket
import subprocess
import sys
from ipaddress import IPv6Address, ip_address
from typing import Any

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import later
from cadence_exporter.model.observation import FailureReason, RouterAlive, RouterMethod
from cadence_exporter.observe import arp, icmp, router
from cadence_exporter.observe.gateway import Gateway
from cadence_exporter.observe.icmp import checksum, may_ping
from cadence_exporter.observe.router import RouterProbe

CLOCK = SystemClock()
V4 = ip_address("127.0.0.1")
V6 = ip_address("::1")


def ask(method: str, port: int = 1, address: Any = V4, within_s: float = 3.0) -> RouterAlive:
    return RouterProbe(method, port).ask(Gateway(address, "lo"), CLOCK, later(CLOCK.monotonic(), within_s))


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        return int(placeholder.getsockname()[1])


def no_privilege(*_args: object) -> Any:
    raise PermissionError(1, "Operation not permitted")


needs_ping = pytest.mark.skipif(not may_ping(V4), reason="this process may not ping")


@needs_ping
@pytest.mark.parametrize("address", [V4, V6])
@pytest.mark.parametrize("method", ["icmp", "auto"])
def test_a_ping_reply_is_a_sign_of_life(method: str, address: Any) -> None:
    assert ask(method, address=address) == RouterAlive(address, RouterMethod.ICMP)


def test_an_open_port_is_a_sign_of_life(loopback: Any) -> None:
    port = loopback.serve(loopback.silent)
    assert ask("tcp", port) == RouterAlive(V4, RouterMethod.TCP)


def test_a_refusal_is_a_sign_of_life() -> None:
    assert ask("tcp", closed_port()).method is RouterMethod.TCP


def test_auto_without_the_privilege_to_ping_knocks_by_tcp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(icmp, "open_socket", no_privilege)
    assert ask("auto", closed_port()).method is RouterMethod.TCP


def test_auto_knocks_by_tcp_when_pings_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    def dropped(*_args: object) -> None:
        raise ProbeFailed(FailureReason.TIMEOUT, "no ping reply")

    monkeypatch.setattr(router, "may_ping", lambda _address: True)
    monkeypatch.setattr(router, "ping", dropped)
    assert ask("auto", closed_port()).method is RouterMethod.TCP


def test_icmp_without_the_privilege_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(icmp, "open_socket", no_privilege)
    with pytest.raises(ProbeFailed, match=r"CAP_NET_RAW.*auto"):
        ask("icmp")


def test_arp_cannot_ask_an_ipv6_router() -> None:
    with pytest.raises(ProbeFailed, match="IPv4"):
        arp.arping(IPv6Address("fe80::1"), "lo")


@pytest.mark.filterwarnings("default")
def test_arp_without_the_privilege_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from scapy import sendrecv  # noqa: PLC0415 - costly

    monkeypatch.setattr(sendrecv, "srp1", no_privilege_with_options)
    with pytest.raises(ProbeFailed, match=r"CAP_NET_RAW.*auto"):
        ask("arp")


def no_privilege_with_options(*_args: object, **_options: object) -> Any:
    raise PermissionError(1, "Operation not permitted")


def test_nothing_is_asked_after_the_deadline() -> None:
    with pytest.raises(ProbeFailed) as caught:
        ask("tcp", closed_port(), within_s=-1)
    assert caught.value.reason is FailureReason.TIMEOUT


def test_a_silent_router_is_a_timeout() -> None:
    """A listener whose backlog is full drops further connections, like a firewall."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        queued = [socket.socket() for _ in range(3)]
        try:
            for each in queued:
                each.settimeout(0)
                each.connect_ex(("127.0.0.1", port))
            with pytest.raises(ProbeFailed) as caught:
                ask("tcp", port, within_s=0.2)
        finally:
            for each in queued:
                each.close()
    assert caught.value.reason is FailureReason.TIMEOUT


def test_the_checksum_is_that_of_rfc_1071() -> None:
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D
    assert checksum(b"\x01") == 0xFEFF


def test_scapy_is_not_loaded_by_the_observe_stage() -> None:
    program = "import sys, cadence_exporter.observe.crew; sys.exit('scapy' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
