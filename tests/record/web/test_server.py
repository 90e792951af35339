"""The server against rude, slow and very many peers. Deadlines are shortened, never waited for in full."""

import errno
import socket
import threading
import time

import hypothesis
import pytest
from hypothesis import strategies as some

from cadence_exporter.clock import SystemClock
from cadence_exporter.record.web import connection as connection_module
from cadence_exporter.record.web import server as server_module
from cadence_exporter.record.web import wire
from cadence_exporter.record.web.listen import ListenFailed
from cadence_exporter.record.web.messages import text
from cadence_exporter.record.web.server import MAX_CONNECTIONS, WebServer
from tests.record.web.web_world import Faults, Reply, ask, connect, read_all, speak


class NoTls:
    def context(self):
        return None


def serve(address, app=lambda _: text(200, "hello")):
    server = WebServer(address, app, NoTls(), SystemClock(), Faults())
    server.start()
    return server


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", 200),
        (b"GET http://127.0.0.1/-/healthy HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"get / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: x\n\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\x00\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 100 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nbig: " + b"y" * 40_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"y" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /?" + b"a&" * 1000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"POST /-/check HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nabc", 202),
        (b"POST /-/check HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 65537\r\n\r\n", 413),
        (b"POST /-/check HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /-/check HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", 400),
        (b"POST /-/check HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST /-/check HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    ],
)
def test_requests_are_understood_or_refused(site, raw, status):
    assert speak(site.port, raw).status == status
    assert site.faults.seen == []


def test_a_large_body_that_was_refused_does_not_lose_the_refusal(site, monkeypatch):
    monkeypatch.setattr(connection_module, "LINGER_S", 5.0)
    with connect(site.port) as sock:
        sock.sendall(b"POST /-/check HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
        first = sock.recv(1)
        for _ in range(4):
            sock.sendall(b"z" * 50_000)  # after a reset this would raise
        sock.shutdown(socket.SHUT_WR)
        assert Reply(first + read_all(sock)).status == 413


def test_expect_continue_is_answered(site):
    with connect(site.port) as sock:
        sock.sendall(b"POST /-/check HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 100")
        sock.sendall(b"ok")
        assert Reply(read_all(sock)).status == 202


def test_a_request_may_come_byte_by_byte(site):
    with connect(site.port) as sock:
        for byte in b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n":
            sock.sendall(bytes([byte]))
        assert Reply(read_all(sock)).status == 200


def test_slow_loris_is_answered_408_however_busy_it_looks(site, monkeypatch):
    monkeypatch.setattr(connection_module, "REQUEST_S", 0.3)
    began = time.monotonic()
    with connect(site.port) as sock:
        stop = threading.Event()

        def drip():
            while not stop.wait(0.02):
                try:
                    sock.sendall(b"a")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        reply = Reply(read_all(sock))
        stop.set()
        thread.join()
    assert reply.status == 408
    assert 0.25 < time.monotonic() - began < 2.0


def test_a_peer_that_does_not_take_the_response_is_dropped(monkeypatch):
    monkeypatch.setattr(connection_module, "RESPONSE_S", 0.2)
    server = serve(("127.0.0.1", 0), lambda _: text(200, "x" * 30_000_000))
    with connect(server.port) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        sock.recv(1)
        deadline = time.monotonic() + 3
        while server._threads and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server._threads == 0
    server.stop()


def test_200_half_open_connections_keep_nobody_out(site):
    silent = [connect(site.port) for _ in range(200)]
    for each in silent[::2]:
        each.sendall(b"GET /metrics HTTP/1.1\r\nHo")
    try:
        for _ in range(5):
            began = time.monotonic()
            assert ask(site.port, "/metrics").status == 200
            assert time.monotonic() - began < 1.0
        assert site.server._threads <= 2 * MAX_CONNECTIONS
        assert len(site.server._open) <= MAX_CONNECTIONS
    finally:
        for each in silent:
            each.close()


def test_peers_that_do_not_take_what_they_asked_for_keep_nobody_out(monkeypatch):
    monkeypatch.setattr(server_module, "MOST_BYTES", 10**9)
    server = serve(("127.0.0.1", 0), lambda request: text(200, "x" * (6_000_000 if request.path == "/big" else 1)))
    greedy = [connect(server.port) for _ in range(MAX_CONNECTIONS)]
    for each in greedy:
        each.sendall(b"GET /big HTTP/1.0\r\n\r\n")
        each.recv(1)  # it is on its way
    try:
        for _ in range(3):
            began = time.monotonic()
            assert ask(server.port, "/").status == 200
            assert time.monotonic() - began < 2.0
    finally:
        for each in greedy:
            each.close()
        server.stop()


def test_long_answers_that_wait_for_slow_peers_are_bounded_and_short_ones_go_out_all_the_same(monkeypatch):
    long = 20_000_000  # more than the kernel takes off our hands
    monkeypatch.setattr(server_module, "MOST_BYTES", 3 * long)
    server = serve(("127.0.0.1", 0), lambda request: text(200, "x" * (long if request.path == "/big" else 1)))
    greedy = [connect(server.port) for _ in range(3)]
    for each in greedy:
        each.sendall(b"GET /big HTTP/1.0\r\n\r\n")
        each.recv(1)
    refused = ask(server.port, "/big")
    assert refused.status == 503
    assert refused.headers["retry-after"] == "5"
    assert ask(server.port, "/").status == 200
    for each in greedy:
        each.close()
    deadline = time.monotonic() + 5
    while server._threads and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ask(server.port, "/big").status == 200
    server.stop()


def test_requests_under_way_are_not_evicted(monkeypatch):
    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", 2)
    release, entered = threading.Event(), threading.Semaphore(0)

    def slow(_):
        entered.release()
        release.wait(5)
        return text(200, "done")

    server = serve(("127.0.0.1", 0), slow)
    busy = [connect(server.port) for _ in range(2)]
    for sock in busy:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert entered.acquire(timeout=5)
    assert speak(server.port, b"GET / HTTP/1.0\r\n\r\n").status == 0  # closed at once
    release.set()
    assert [Reply(read_all(sock)).status for sock in busy] == [200, 200]
    for sock in busy:
        sock.close()
    server.stop()


def test_stop_is_quick_with_hung_clients_and_may_be_repeated(site):
    hung = [connect(site.port) for _ in range(20)]
    ask(site.port, "/metrics")
    began = time.monotonic()
    site.server.stop()
    site.server.stop()
    assert time.monotonic() - began < 0.5
    assert [read_all(sock) for sock in hung] == [b""] * 20
    with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as the kernel pleases
        connect(site.port)
    for sock in hung:
        sock.close()


def test_stop_without_start():
    server = WebServer(("127.0.0.1", 0), lambda _: text(200, ""), NoTls(), SystemClock(), Faults())
    server.stop()


def test_a_port_in_use_is_said_so(site):
    with pytest.raises(ListenFailed, match=r"cannot listen on 127\.0\.0\.1:\d+: the port is in use") as caught:
        WebServer(("127.0.0.1", site.port), lambda _: text(200, ""), NoTls(), SystemClock(), Faults())
    assert caught.value.errno == errno.EADDRINUSE
    assert str(caught.value).startswith("cannot listen on")  # and not with OSError's "[Errno 98]"


def test_an_address_that_is_not_ours_is_said_so():
    with pytest.raises(ListenFailed, match="no interface of this machine"):
        WebServer(("192.0.2.1", 0), lambda _: text(200, ""), NoTls(), SystemClock(), Faults())


def test_ipv6_and_every_address():
    try:
        server = serve(("::1", 0))
    except ListenFailed:
        pytest.skip("no IPv6 loopback here")
    with socket.create_connection(("::1", server.port), timeout=5) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert Reply(read_all(sock)).status == 200
    server.stop()
    seen = []
    server = serve(("", 0), lambda request: seen.append(request.peer) or text(200, ""))
    for host in ("127.0.0.1", "::1"):
        with socket.create_connection((host, server.port), timeout=5) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert Reply(read_all(sock)).status == 200
    server.stop()
    assert seen == ["::ffff:127.0.0.1", "::1"]


def test_no_descriptors_left_does_not_stop_the_server(site, monkeypatch):
    real = site.server._listener

    class Exhausted:
        left = 2

        def accept(self):
            if self.left:
                self.left -= 1
                raise OSError(errno.EMFILE, "too many open files")
            return real.accept()

        def __getattr__(self, name):
            return getattr(real, name)

    site.server._listener = Exhausted()
    assert ask(site.port, "/metrics").status == 200


def test_the_parser_has_no_crash_in_it():
    statuses = set()

    @hypothesis.settings(max_examples=300, deadline=None)
    @hypothesis.given(
        some.one_of(some.binary(max_size=200), some.text(alphabet="GET /HTP1.:\r\n x-", max_size=80).map(str.encode))
    )
    def try_it(raw):
        try:
            wire.request(wire.parse_head(raw), b"", "127.0.0.1")
        except wire.BadRequest as refusal:
            statuses.add(refusal.status)

    try_it()
    assert statuses <= {400, 413, 414, 431, 501, 505}
