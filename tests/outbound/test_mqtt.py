"""The five packets, against brokers that are none."""

import socket
import time

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import later
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.dial import Dialer
from cadence_exporter.outbound.lan_http import Login
from cadence_exporter.outbound.mqtt import Broker, Message, Mqtt, _frame
from tests.conftest import Loopback

CLOCK = SystemClock()
CONNACK, SUBACK = b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x00"


class Client:
    def __init__(self, port: int, login: Login | None = None) -> None:
        self.log = CallLog()
        self._mqtt = Mqtt(Dialer(CLOCK), CLOCK, self.log, Broker("127.0.0.1", port, login), "actuator")

    def ask(self, within_s: float = 2.0) -> Message:
        return self._mqtt.ask("a/b", ("c/d", b"hello"), lambda message: True, later(CLOCK.monotonic(), within_s))

    def fails(self, within_s: float = 2.0) -> ProbeFailed:
        with pytest.raises(ProbeFailed) as failed:
            self.ask(within_s)
        return failed.value


def saying(loopback: Loopback, *answers: bytes, got: list[bytes] | None = None) -> int:
    """A server that answers each thing it receives with the next of these."""

    def talk(connection: socket.socket) -> None:
        for answer in answers:
            received = connection.recv(4096)
            if got is not None:
                got.append(received)
            connection.sendall(answer)
        while received := connection.recv(4096):
            if got is not None:
                got.append(received)

    return loopback.serve(talk)


def test_what_is_sent_is_what_the_standard_says(loopback: Loopback) -> None:
    got: list[bytes] = []
    answer = b"\x30\x07\x00\x03a/bhi"
    client = Client(saying(loopback, CONNACK, SUBACK, answer, got=got), Login("u", "pw"))
    assert client.ask() == Message("a/b", b"hi", retained=False)
    for _ in range(200):
        if len(got) == 4:
            break
        time.sleep(0.01)
    assert got == [
        b"\x10\x13\x00\x04MQTT\x04\xc2\x00\x3c\x00\x00\x00\x01u\x00\x02pw",
        b"\x82\x08\x00\x01\x00\x03a/b\x00",
        b"\x30\x0a\x00\x03c/dhello",
        b"\xe0\x00",
    ]
    assert [(call.service, call.code) for call in client.log.drain()] == [("actuator", "2xx")]


def test_a_message_of_quality_one_and_a_retained_one_are_understood(loopback: Loopback) -> None:
    assert Client(saying(loopback, CONNACK, SUBACK, b"\x33\x09\x00\x03a/b\x00\x07hi")).ask() == Message(
        "a/b", b"hi", retained=True
    )


@pytest.mark.parametrize(
    ("length", "encoded"), [(0, "00"), (127, "7f"), (128, "8001"), (16_383, "ff7f"), (16_384, "808001")]
)
def test_lengths_are_written_in_groups_of_seven_bits(length: int, encoded: str) -> None:
    assert _frame(0x30, bytes(length)) == b"\x30" + bytes.fromhex(encoded) + bytes(length)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(99),), FailureReason.CONTENT),
        ((b"\x20\x02\x00\x05",), FailureReason.REFUSED),
        ((b"\x20\x02\x00\x02",), FailureReason.REFUSED),
        ((b"\x20\xff\xff\xff\xff\xff",), FailureReason.CONTENT),
        ((b"\x20\xff\xff\xff\x7f",), FailureReason.CONTENT),
        ((CONNACK, b"\x90\x03\x00\x01\x80"), FailureReason.REFUSED),
        ((CONNACK, b"\x90\x00"), FailureReason.REFUSED),
        ((CONNACK, SUBACK), FailureReason.TIMEOUT),
    ],
)
def test_what_is_no_broker_is_a_failed_probe(
    loopback: Loopback, answers: tuple[bytes, ...], reason: FailureReason
) -> None:
    assert Client(saying(loopback, *answers)).fails(0.5).reason is reason


def test_a_broker_that_hangs_up_is_a_failed_probe(loopback: Loopback) -> None:
    assert Client(loopback.serve(lambda connection: None)).fails().reason is FailureReason.OTHER


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x00\x09abc", b"\xff\xff"])
def test_a_message_that_is_cut_short_is_only_an_odd_message(loopback: Loopback, body: bytes) -> None:
    message = Client(saying(loopback, CONNACK, SUBACK, _frame(0x30, body))).ask()
    assert message.payload == b""


def test_a_broker_that_floods_is_cut_off(loopback: Loopback) -> None:
    other = _frame(0x30, b"\x00\x03x/y" + bytes(60_000))

    def talk(connection: socket.socket) -> None:
        connection.sendall(CONNACK + SUBACK)
        while not loopback.over.is_set():
            connection.sendall(other)

    mqtt = Mqtt(Dialer(CLOCK), CLOCK, CallLog(), Broker("127.0.0.1", loopback.serve(talk)), "actuator")
    with pytest.raises(ProbeFailed):
        mqtt.ask("a/b", None, lambda message: message.topic == "a/b", later(CLOCK.monotonic(), 10))


def test_a_login_is_in_no_representation() -> None:
    broker = Broker("127.0.0.1", 1, Login("me", "s3same"))
    mqtt = Mqtt(Dialer(CLOCK), CLOCK, CallLog(), broker, "actuator")
    assert "s3same" not in repr(broker) + repr(vars(mqtt))
