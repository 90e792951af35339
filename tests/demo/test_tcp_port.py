import contextlib
import socket

import pytest

from cadence_exporter.demo.tcp_port import PortMode, TcpPort


def connect(port: TcpPort, timeout_s: float = 2.0) -> socket.socket:
    return socket.create_connection((port.host, port.port), timeout_s)


def test_an_open_port_lets_callers_in_and_tells_them_nothing() -> None:
    with TcpPort() as port, connect(port) as caller:
        caller.settimeout(0.05)
        with pytest.raises(TimeoutError):
            caller.recv(1)
        assert port.accepted == 1


def test_a_refused_port_refuses_and_comes_back_under_the_same_number() -> None:
    with TcpPort() as port:
        number = port.port
        port.mode = PortMode.REFUSED
        with pytest.raises(ConnectionRefusedError):
            connect(port)
        port.mode = PortMode.OPEN
        with connect(port):
            assert port.port == number


def test_a_silent_port_does_not_even_complete_the_handshake() -> None:
    with TcpPort() as port:
        port.mode = PortMode.SILENT
        for _ in range(3):
            with pytest.raises(TimeoutError):
                connect(port, timeout_s=0.1)
        port.mode = PortMode.OPEN
        with connect(port):
            pass


def test_a_change_of_mode_cuts_what_is_connected() -> None:
    with TcpPort() as port, connect(port) as caller:
        with contextlib.suppress(TimeoutError):
            caller.settimeout(0.05)
            caller.recv(1)  # until the port has taken the connection
        port.mode = PortMode.SILENT
        caller.settimeout(2)
        assert caller.recv(1) == b""


def test_a_closed_port_refuses_and_may_be_closed_again() -> None:
    port = TcpPort()
    port.close()
    port.close()
    with pytest.raises(ConnectionRefusedError):
        connect(port)


def test_ipv6_loopback_works_too() -> None:
    with TcpPort(host="::1") as port, connect(port):
        assert port.address == f"[::1]:{port.port}"
