"""Plain HTTP to the gateway: whatever it answers, the time and the memory are bounded."""

import socket
import time
from ipaddress import IPv4Address

import pytest

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import later
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.outbound import gateway_http
from cadence_exporter.outbound.gateway_http import MAX_BYTES, GatewayRequest, call
from tests.conftest import read_head

CLOCK = SystemClock()
GATEWAY = IPv4Address("127.0.0.1")


def ask(port, path="/", within_s=5.0, **rest):
    return call(GATEWAY, GatewayRequest(port, path, **rest), CLOCK, later(CLOCK.monotonic(), within_s))


def flood(piece, first=b""):
    def talk(connection):
        read_head(connection)
        connection.sendall(first)
        while True:
            connection.sendall(piece)

    return talk


def test_an_answer_comes_back_whole_whatever_its_status(loopback):
    port = loopback.answer(b"HTTP/1.1 412 Precondition Failed\r\nSID: a\r\nContent-Length: 2\r\n\r\nno")
    answer = ask(port, method="SUBSCRIBE", headers={"SID": "x"})
    assert (answer.status, answer.headers["sid"], answer.body) == (412, "a", b"no")


@pytest.mark.parametrize(
    "payload",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nabcde",
    ],
)
def test_the_ways_in_which_routers_end_a_body_are_understood(loopback, payload):
    assert ask(loopback.answer(payload)).body == b"abcde"


def test_a_redirect_is_an_answer_and_is_not_followed(loopback):
    target = loopback.serve(loopback.silent)
    head = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{target}/\r\nContent-Length: 0\r\n\r\n"
    assert ask(loopback.answer(head.encode())).status == 302
    assert loopback.accepted == 1


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + b"x" * (MAX_BYTES + 10),
    ],
    ids=["nothing", "half", "no chunk", "nonsense", "too many headers", "negative"],
)
def test_an_answer_that_is_none_is_a_failure(loopback, payload):
    with pytest.raises(ProbeFailed):
        ask(loopback.answer(payload))


@pytest.mark.parametrize(
    "talk",
    [
        flood(b"x" * 65_536, b"HTTP/1.1 200 OK\r\n\r\n"),
        flood(b"A: " + b"b" * 60_000 + b"\r\n", b"HTTP/1.1 200 OK\r\n"),
        flood(b"HTTP/1.1 100 Continue\r\n\r\n"),
        flood(b"x" * 65_536, b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n"),
        flood(b"1\r\nx\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ],
    ids=["body", "headers", "interim answers", "promised body", "chunks"],
)
def test_endless_answers_end_at_the_cap(loopback, talk):
    began = CLOCK.monotonic()
    with pytest.raises(ProbeFailed) as caught:
        ask(loopback.serve(talk))
    assert caught.value.reason in {FailureReason.CONTENT, FailureReason.HTTP}
    assert CLOCK.monotonic() - began < gateway_http.CALL_S


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"])
def test_a_router_that_drips_is_cut_off_in_time(loopback, first):
    def talk(connection):
        read_head(connection)
        connection.sendall(first)
        while not loopback.over.wait(0.02):
            connection.sendall(b"x")

    began = CLOCK.monotonic()
    with pytest.raises(ProbeFailed) as caught:
        ask(loopback.serve(talk), within_s=0.3)
    assert caught.value.reason is FailureReason.TIMEOUT
    assert CLOCK.monotonic() - began < 1.0


def test_no_call_takes_longer_than_its_share_of_the_cycle(loopback, monkeypatch):
    monkeypatch.setattr(gateway_http, "CALL_S", 0.2)
    began = time.monotonic()
    with pytest.raises(ProbeFailed) as caught:
        ask(loopback.serve(loopback.silent), within_s=60.0)
    assert caught.value.reason is FailureReason.TIMEOUT
    assert time.monotonic() - began < 1.5


def test_a_path_cannot_smuggle_in_a_second_request(loopback):
    with pytest.raises(ProbeFailed):
        ask(loopback.answer(b"HTTP/1.1 200 OK\r\n\r\n"), "/ HTTP/1.1\r\nX: y")


def test_a_port_that_nobody_listens_on_says_so():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(ProbeFailed) as caught:
        ask(port)
    assert caught.value.reason is FailureReason.REFUSED
