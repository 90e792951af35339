"""Reaching, or not reaching, WAN targets on loopback."""

import socket
import ssl
from typing import Any

import pytest
import trustme

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import later
from cadence_exporter.model.observation import FailureReason, PathWorks
from cadence_exporter.observe.wan_path import reach
from cadence_exporter.outbound import dial
from cadence_exporter.outbound.dial import Dialer
from cadence_exporter.settings.endpoints import parse_target

CLOCK = SystemClock()


def go(target: str, environ: dict[str, str] | None = None, within_s: float = 5.0, **options: Any) -> PathWorks:
    dialer = Dialer(CLOCK, environ=environ or {}, **options)
    return reach(parse_target(target), dialer, later(CLOCK.monotonic(), within_s))


def failure(target: str, environ: dict[str, str] | None = None, within_s: float = 5.0, **options: Any) -> FailureReason:
    with pytest.raises(ProbeFailed) as caught:
        go(target, environ, within_s, **options)
    return caught.value.reason


def test_a_tcp_target_that_accepts_is_reached(loopback: Any) -> None:
    port = loopback.serve(loopback.silent)
    assert go(f"tcp://127.0.0.1:{port}") == PathWorks("127.0.0.1", port)


def test_an_ipv6_target_is_reached(loopback: Any) -> None:
    port = loopback.serve(loopback.silent, host="::1")
    assert go(f"tcp://[::1]:{port}") == PathWorks("::1", port)


def test_a_tls_target_with_the_right_certificate_is_reached(
    loopback: Any, ca_environ: dict[str, str], server_tls: Any
) -> None:
    port = loopback.serve(loopback.silent, tls=server_tls("127.0.0.1"))
    assert go(f"tls://127.0.0.1:{port}", ca_environ) == PathWorks("127.0.0.1", port)


def test_a_captive_portal_with_its_own_certificate_is_not_the_target(
    loopback: Any, ca_environ: dict[str, str], server_tls: Any
) -> None:
    wrong_name: ssl.SSLContext = server_tls("portal.example")
    forged: ssl.SSLContext = server_tls("127.0.0.1", authority=trustme.CA())
    for context in (wrong_name, forged):
        port = loopback.serve(loopback.silent, tls=context)
        assert failure(f"tls://127.0.0.1:{port}", ca_environ) is FailureReason.TLS


def test_a_target_that_hangs_in_the_handshake_is_a_timeout(loopback: Any) -> None:
    port = loopback.serve(loopback.silent)
    began = CLOCK.monotonic()
    assert failure(f"tls://127.0.0.1:{port}", within_s=0.2) is FailureReason.TIMEOUT
    assert CLOCK.monotonic() - began < 0.5


def test_a_refusal_is_a_failure_here() -> None:
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = placeholder.getsockname()[1]
    assert failure(f"tcp://127.0.0.1:{port}") is FailureReason.REFUSED


def test_a_name_that_resolves_into_the_house_is_not_the_target(loopback: Any) -> None:
    port = loopback.serve(loopback.silent)

    def resolver(*_question: object) -> list[tuple[Any, ...]]:
        return [(0, 0, 0, "", ("127.0.0.1", port))]

    assert failure(f"tcp://one.example:{port}", resolver=resolver) is FailureReason.DNS
    assert loopback.accepted == 0


def test_an_address_is_asked_wherever_it_lies_because_the_user_wrote_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def connect(address: object, *_: object, **__: object) -> socket.socket:
        asked.append(str(address))
        return socket.socket()

    monkeypatch.setattr(dial, "connect_to", connect)
    for host in ("192.168.0.1", "203.0.113.1"):
        assert go(f"tcp://{host}:80") == PathWorks(host, 80)
    assert asked == ["192.168.0.1", "203.0.113.1"]
