"""Asking upsd: the real one with its dummy driver, and liars."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import later
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.model.ups import UpsReading
from cadence_exporter.observe.ups import UpsProbe
from cadence_exporter.outbound.dial import Dialer
from tests.conftest import Loopback
from tests.servers.nut import NAME, Nut, running_nut

CLOCK = SystemClock()
DIALER = Dialer(CLOCK)


def read(port: int, name: str = NAME, within_s: float = 3.0) -> UpsReading:
    return UpsProbe(DIALER, "127.0.0.1", port, name).read(later(CLOCK.monotonic(), within_s))


def fails(port: int, name: str = NAME, within_s: float = 3.0) -> ProbeFailed:
    with pytest.raises(ProbeFailed) as failed:
        read(port, name, within_s)
    return failed.value


@pytest.fixture(scope="module")
def nut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nut]:
    with running_nut(tmp_path_factory.mktemp("nut")) as running:
        yield running


@pytest.mark.real_server
def test_a_ups_on_mains_says_so_with_charge_and_runtime(nut: Nut) -> None:
    nut.says(ups_status="OL CHRG", battery_charge="87", battery_runtime="1260")
    nut.until("OL CHRG")
    assert read(nut.port) == UpsReading(
        on_battery=False, low_battery=False, charge=0.87, runtime_s=1260, flags=frozenset({"OL", "CHRG"})
    )


@pytest.mark.real_server
def test_on_battery_low_battery_and_back(nut: Nut) -> None:
    nut.says(ups_status="OB DISCHRG", battery_charge="40", battery_runtime="300")
    nut.until("OB DISCHRG")
    reading = read(nut.port)
    assert (reading.on_battery, reading.low_battery) == (True, False)
    nut.says(ups_status="OB DISCHRG LB", battery_charge="7", battery_runtime="60")
    nut.until("LB")
    assert read(nut.port).low_battery
    nut.says(ups_status="OL CHRG", battery_charge="8", battery_runtime="70")
    nut.until("OL CHRG")
    reading = read(nut.port)
    assert (reading.on_battery, reading.low_battery) == (False, False)


@pytest.mark.real_server
def test_an_unknown_ups_is_a_sentence(nut: Nut) -> None:
    assert "knows no UPS of this name" in fails(nut.port, "another").detail


@pytest.mark.real_server
def test_a_driver_that_is_gone_is_a_failure_and_not_an_old_answer(tmp_path: Path) -> None:
    with running_nut(tmp_path) as nut:
        assert not read(nut.port).on_battery
        nut.driver.kill()
        answer = nut.until("ERR")
        failed = fails(nut.port)
    assert failed.reason is FailureReason.CONTENT
    assert ("lost the driver" in failed.detail) or ("not heard" in failed.detail), answer


@pytest.mark.real_server
def test_a_driver_that_hangs_is_stale(tmp_path: Path) -> None:
    with running_nut(tmp_path) as nut:
        nut.driver.send_signal(19)  # SIGSTOP
        try:
            nut.until("DATA-STALE", 30)
            assert "has not heard of the UPS" in fails(nut.port).detail
        finally:
            nut.driver.send_signal(18)  # SIGCONT


def upsd(answers: dict[str, bytes]) -> Callable[[socket.socket], None]:
    """Answers each GET VAR by its variable, and nothing else."""

    def talk(connection: socket.socket) -> None:
        for line in connection.makefile("rb"):
            words = line.split()
            if words[0] == b"LOGOUT":
                return
            assert words[:3] == [b"GET", b"VAR", b"lab"]
            connection.sendall(answers.get(words[3].decode(), b"ERR VAR-NOT-SUPPORTED\n"))

    return talk


def test_a_ups_that_tells_nothing_but_its_state_is_enough(loopback: Loopback) -> None:
    port = loopback.serve(upsd({"ups.status": b'VAR lab ups.status "OL"\n'}))
    assert read(port) == UpsReading(
        on_battery=False, low_battery=False, charge=None, runtime_s=None, flags=frozenset({"OL"})
    )


@pytest.mark.parametrize(
    ("status", "on_battery", "low"),
    [
        ("OL", False, False),
        ("OB", True, False),
        ("ob lb", True, True),
        ("OL DISCHRG CAL", False, False),
        ("FSD OL", False, True),
        ("OB SOMETHING-NEW", True, False),
        ("OL OBSOLETE", False, False),
        ("FSD", True, True),
    ],
)
def test_flags_are_words(loopback: Loopback, status: str, on_battery: bool, low: bool) -> None:
    port = loopback.serve(upsd({"ups.status": f'VAR lab ups.status "{status}"\r\n'.encode()}))
    reading = read(port)
    assert (reading.on_battery, reading.low_battery) == (on_battery, low)


@pytest.mark.parametrize("status", ["WAIT", "OFF", "BYPASS", "OBSOLETE", ""])
def test_a_ups_that_says_neither_mains_nor_battery_is_not_known_to_be_on_mains(loopback: Loopback, status: str) -> None:
    port = loopback.serve(upsd({"ups.status": f'VAR lab ups.status "{status}"\n'.encode()}))
    assert fails(port).reason is FailureReason.CONTENT


@pytest.mark.parametrize(
    ("charge", "understood"),
    [
        ("100", 1.0),
        ("101", 1.0),
        ("12.5", 0.125),
        ("-1", None),
        ("nan", None),
        ("1e9", None),
        ("", None),
        ("9" * 40, None),
    ],
)
def test_a_charge_that_is_no_number_is_none(loopback: Loopback, charge: str, understood: float | None) -> None:
    answers = {
        "ups.status": b'VAR lab ups.status "OL"\n',
        "battery.charge": f'VAR lab battery.charge "{charge}"\n'.encode(),
    }
    assert read(loopback.serve(upsd(answers))).charge == understood


@pytest.mark.parametrize(
    "answer",
    [
        b'VAR lab ups.status ""\n',
        b'VAR other ups.status "OL"\n',
        b'VAR lab battery.charge "OL"\n',
        b"VAR lab ups.status OL\n",
        b'VAR lab ups.status "OL\n',
        b'VAR lab ups.status "O\\L" x"\n',
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\n",
        b"\xff\xfe\x00" * 100 + b"\n",
        b"x" * 5000,
        b"ERR\n",
        b"ERR SOMETHING\n",
        b"ERR ACCESS-DENIED\n",
        b"",
    ],
)
def test_garbage_is_a_failed_probe(loopback: Loopback, answer: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(answer)

    assert fails(loopback.serve(talk)).reason in (FailureReason.CONTENT, FailureReason.OTHER)


def test_a_server_that_drips_is_cut_off_at_the_deadline(loopback: Loopback) -> None:
    def talk(connection: socket.socket) -> None:
        while not loopback.over.wait(0.05):
            connection.sendall(b"x")

    began = time.monotonic()
    assert fails(loopback.serve(talk), within_s=0.5).reason is FailureReason.TIMEOUT
    assert time.monotonic() - began < 3


def test_a_silent_server_is_cut_off_at_the_deadline(loopback: Loopback) -> None:
    assert fails(loopback.serve(loopback.silent), within_s=0.3).reason is FailureReason.TIMEOUT


def test_nobody_there_is_a_refusal() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert fails(port).reason is FailureReason.REFUSED


def test_escaped_quotes_are_understood(loopback: Loopback) -> None:
    port = loopback.serve(upsd({"ups.status": b'VAR lab ups.status "OL \\"X\\" \\\\"\n'}))
    assert read(port).flags == {"OL", '"X"', "\\"}
