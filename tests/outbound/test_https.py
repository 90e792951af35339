"""The client against servers that misbehave in every way we could think of."""

import gzip
import itertools
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import trustme

from cadence_exporter.clock import SystemClock
from cadence_exporter.errors import ProbeFailed, SettingsError
from cadence_exporter.model.address import Family
from cadence_exporter.model.instants import Instant, later
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.outbound.call_log import CallLog
from cadence_exporter.outbound.dial import client_context
from cadence_exporter.outbound.https import Answer, Https, Request

CLOCK = SystemClock()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n1.2.3.4\n"
SHORT_S = 0.3


class Caller:
    """A client with its log."""

    def __init__(self, **options: Any) -> None:
        self.log = CallLog()
        self.https = Https(CLOCK, self.log, **options)

    def get(self, url: str, within_s: float = 5.0, **options: Any) -> Answer:
        return self.https.call(Request("test", url, **options), later(CLOCK.monotonic(), within_s))

    def fails(self, url: str, within_s: float = 5.0, **options: Any) -> ProbeFailed:
        with pytest.raises(ProbeFailed) as caught:
            self.get(url, within_s, **options)
        return caught.value


@pytest.fixture
def caller() -> Caller:
    return Caller()


def url_of(port: int, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{port}/ip"


def resolving_to(*addresses: str) -> Callable[..., list[tuple[Any, ...]]]:
    """A resolver that says the same of every name."""

    def resolve(_host: str, port: int, *_rest: object) -> list[tuple[Any, ...]]:
        return [(0, socket.SOCK_STREAM, 0, "", (address, port)) for address in addresses]

    return resolve


def test_an_answer_comes_back_whole_and_is_logged(loopback: Any, caller: Caller) -> None:
    answer = caller.get(url_of(loopback.answer(OK)))
    assert (answer.status, answer.body) == (200, b"1.2.3.4\n")
    (call,) = caller.log.drain()
    assert (call.service, call.code, call.host) == ("test", "2xx", "127.0.0.1")
    assert call.took_s == answer.took_s > 0


def test_the_request_says_who_we_are_and_asks_for_nothing_compressed(loopback: Any, caller: Caller) -> None:
    heads: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        heads.append(connection.recv(65536))
        connection.sendall(OK)

    caller.get(
        url_of(loopback.serve(talk)), method="POST", body=b"xyz", headers={"Content-Type": "application/dns-message"}
    )
    head = heads[0].lower()
    assert head.startswith(b"post /ip http/1.1\r\n")
    assert b"user-agent: cadence-exporter/" in head
    assert b"accept-encoding: identity" in head
    assert b"content-type: application/dns-message" in head
    assert b"connection: close" in head
    assert b"content-length: 3\r\n" in head


def test_a_chunked_answer_is_read(loopback: Any, caller: Caller) -> None:
    port = loopback.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1.2.\r\n3\r\n3.4\r\n0\r\n\r\n")
    assert caller.get(url_of(port)).body == b"1.2.3.4"


@pytest.mark.parametrize(
    ("status", "code"),
    [(200, "2xx"), (204, "2xx"), (302, "error"), (404, "4xx"), (429, "429"), (503, "5xx")],
)
def test_every_status_is_an_answer_and_has_its_code_in_the_log(
    loopback: Any, caller: Caller, status: int, code: str
) -> None:
    port = loopback.answer(f"HTTP/1.1 {status} X\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n".encode())
    answer = caller.get(url_of(port))
    assert (answer.status, answer.headers["retry-after"]) == (status, "7")
    assert [call.code for call in caller.log.drain()] == [code]


def test_a_redirect_into_the_lan_is_not_followed(loopback: Any, caller: Caller) -> None:
    trap = loopback.answer(OK)
    accepted_before = loopback.accepted
    port = loopback.answer(
        f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{trap}/\r\nContent-Length: 0\r\n\r\n".encode()
    )
    assert caller.get(url_of(port)).status == 302
    assert loopback.accepted == accepted_before + 1


def test_a_gzip_bomb_behind_a_redirect_is_not_unpacked(loopback: Any, caller: Caller) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    head = f"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    assert caller.get(url_of(loopback.answer(head.encode() + bomb))).body == b""


def test_a_gzip_bomb_is_refused(loopback: Any, caller: Caller) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    assert caller.fails(url_of(loopback.answer(head.encode() + bomb))).reason is FailureReason.CONTENT


def endless(head: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(head)
        for _ in itertools.count():
            connection.sendall(piece)

    return talk


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", bytes(65536)),
        (b"HTTP/1.1 200 OK\r\n\r\n", bytes(65536)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10\r\n0123456789abcdef\r\n" * 100),
    ],
)
def test_a_body_without_end_is_cut_off(loopback: Any, caller: Caller, head: bytes, piece: bytes) -> None:
    failure = caller.fails(url_of(loopback.serve(endless(head, piece))))
    assert failure.reason is FailureReason.CONTENT


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Padding: padding\r\n" * 100),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1" * 65536),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"Trailer: x\r\n" * 100),
        (b"", b"\r\n" * 1000),
    ],
)
def test_framing_without_end_is_cut_off(loopback: Any, caller: Caller, head: bytes, piece: bytes) -> None:
    failure = caller.fails(url_of(loopback.serve(endless(head, piece))))
    assert failure.reason in {FailureReason.CONTENT, FailureReason.HTTP}


def test_an_error_page_longer_than_the_cap_is_cut_and_its_status_kept(loopback: Any, caller: Caller) -> None:
    port = loopback.serve(endless(b"HTTP/1.1 503 Busy\r\nRetry-After: 9\r\n\r\n", b"x" * 65536))
    answer = caller.get(url_of(port))
    assert (answer.status, answer.headers["retry-after"], len(answer.body)) == (503, "9", 4096)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_accept_and_silence_ends_at_the_deadline(loopback: Any, caller: Caller, scheme: str) -> None:
    began = CLOCK.monotonic()
    failure = caller.fails(url_of(loopback.serve(loopback.silent), scheme), SHORT_S)
    assert failure.reason is FailureReason.TIMEOUT
    assert CLOCK.monotonic() - began < SHORT_S + 0.25
    assert [call.code for call in caller.log.drain()] == ["error"]


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"])
@pytest.mark.parametrize("secured", [False, True])
def test_a_byte_now_and_then_does_not_stretch_the_deadline(
    loopback: Any, ca_environ: dict[str, str], server_tls: Any, head: bytes, secured: bool
) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while not loopback.over.wait(0.02):
            connection.sendall(b"1")

    port = loopback.serve(drip, tls=server_tls("127.0.0.1") if secured else None)
    began = CLOCK.monotonic()
    failure = Caller(environ=ca_environ).fails(url_of(port, "https" if secured else "http"), SHORT_S)
    assert failure.reason is FailureReason.TIMEOUT
    assert CLOCK.monotonic() - began < SHORT_S + 0.25


def test_a_peer_that_does_not_read_cannot_hold_a_sender(loopback: Any, caller: Caller) -> None:
    failure = caller.fails(url_of(loopback.serve(loopback.silent)), SHORT_S, method="POST", body=bytes(50_000_000))
    assert failure.reason is FailureReason.TIMEOUT


def test_nothing_is_looked_up_or_sent_after_the_deadline(loopback: Any) -> None:
    lookups: list[object] = []

    def resolver(*question: object) -> list[tuple[Any, ...]]:
        lookups.append(question)
        return resolving_to("127.0.0.1")("", port)

    port = loopback.answer(OK)
    caller = Caller(resolver=resolver)
    assert caller.fails(url_of(port), -1.0).reason is FailureReason.TIMEOUT
    assert lookups == []
    assert loopback.accepted == 0


def test_a_late_answer_of_the_resolver_is_not_used(loopback: Any) -> None:
    class Jumping:
        """A clock that a slow resolver moves on."""

        at = 100.0

        def monotonic(self) -> Instant:
            return Instant(self.at)

        wall = now = monotonic

    clock = Jumping()
    port = loopback.answer(OK)

    def slow(*_question: object) -> list[tuple[Any, ...]]:
        clock.at += 30
        return resolving_to("127.0.0.1")("", port)

    https = Https(clock, CallLog(), resolver=slow)  # type: ignore[arg-type]
    with pytest.raises(ProbeFailed) as caught:
        https.call(Request("test", url_of(port)), Instant(108.0))
    assert caught.value.reason is FailureReason.TIMEOUT
    assert loopback.accepted == 0


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"1.2.3.4\n",
        b"\x16\x03\x01garbage\r\n\r\n",
        b"HTTP/1.1 2OO OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\n1",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n1.2",
    ],
)
def test_a_broken_answer_is_a_failure(loopback: Any, caller: Caller, payload: bytes) -> None:
    assert caller.fails(url_of(loopback.answer(payload))).reason is FailureReason.HTTP
    assert next(call.code for call in caller.log.drain()) in {"error", "2xx"}


def test_a_reset_in_the_middle_of_a_body_is_a_failure(loopback: Any, caller: Caller) -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    assert caller.fails(url_of(loopback.serve(reset))).reason is FailureReason.HTTP


def test_a_refused_connection_is_told_apart(caller: Caller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = placeholder.getsockname()[1]
    assert caller.fails(url_of(port)).reason is FailureReason.REFUSED


def test_the_second_address_of_a_name_is_tried(loopback: Any) -> None:
    port = loopback.answer(OK)
    caller = Caller(resolver=resolving_to("127.0.0.9", "127.0.0.1"))
    assert caller.get(url_of(port).replace("127.0.0.1", "localhost")).status == 200


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "127.0.0.1",
        "10.0.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1%lo",
        "::ffff:127.0.0.1",
        "fd00::1",
    ],
)
def test_a_name_that_resolves_into_the_house_is_not_contacted(address: str) -> None:
    failure = Caller(resolver=resolving_to(address)).fails("https://api.ipify.org")
    assert failure.reason is FailureReason.DNS
    assert "api.ipify.org" in failure.detail


@pytest.mark.parametrize("host", ["192.168.0.1", "10.0.0.1", "[fe80::1]", "0.0.0.0"])
def test_a_private_address_in_a_url_is_not_contacted(caller: Caller, host: str) -> None:
    assert caller.fails(f"https://{host}/").reason is FailureReason.DNS


def test_loopback_must_resolve_to_loopback() -> None:
    assert Caller(resolver=resolving_to("93.184.216.34")).fails("http://localhost:1/").reason is FailureReason.DNS


def test_a_name_that_does_not_resolve_is_a_dns_failure() -> None:
    def nothing(*_question: object) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert Caller(resolver=nothing).fails("https://api.ipify.org").reason is FailureReason.DNS


@pytest.mark.parametrize(
    "url",
    [
        "http://api.ipify.org/",
        "http://192.168.0.1/",
        "ftp://127.0.0.1/",
        "nonsense",
        "http://user:pw@127.0.0.1/",
        "http://127.1/",
        "https://:443/",
        "https://a:b/",
    ],
)
def test_a_url_that_must_not_be_asked_is_refused_unlogged(caller: Caller, url: str) -> None:
    failure = caller.fails(url)
    assert failure.reason is FailureReason.OTHER
    assert "pw" not in str(failure)
    assert caller.log.drain() == ()


def test_the_family_is_forced(loopback: Any) -> None:
    families: list[int] = []

    def resolver(_host: str, _port: int, family: int, *_rest: object) -> list[tuple[Any, ...]]:
        families.append(family)
        return resolving_to("::1")(_host, _port)

    port = loopback.answer(OK, host="::1")
    answer = Caller(resolver=resolver).get(f"http://localhost:{port}/", family=Family.IPV6)
    assert (answer.status, families) == (200, [socket.AF_INET6])


def test_ipv6_loopback_is_reached(loopback: Any, caller: Caller) -> None:
    assert caller.get(f"http://[::1]:{loopback.answer(OK, host='::1')}/ip").status == 200


def test_an_ipv4_literal_cannot_be_asked_over_ipv6(loopback: Any, caller: Caller) -> None:
    assert caller.fails(url_of(loopback.answer(OK)), family=Family.IPV6).reason is FailureReason.DNS


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_verified_server_is_accepted(loopback: Any, ca_environ: dict[str, str], server_tls: Any, name: str) -> None:
    port = loopback.answer(OK, tls=server_tls(name))
    assert Caller(environ=ca_environ).get(f"https://{name}:{port}/", family=Family.IPV4).body == b"1.2.3.4\n"


def test_the_curl_bundle_and_a_directory_are_honoured(
    loopback: Any, ca: trustme.CA, server_tls: Any, tmp_path: Any
) -> None:
    port = loopback.answer(OK, tls=server_tls("127.0.0.1"))
    bundle = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(bundle))
    assert Caller(environ={"CURL_CA_BUNDLE": str(bundle)}).get(url_of(port, "https")).status == 200


def test_an_unusable_bundle_is_a_mistake_in_the_settings(tmp_path: Any) -> None:
    (tmp_path / "junk.pem").write_text("junk")
    for name in ("junk.pem", "missing.pem"):
        with pytest.raises(SettingsError, match="REQUESTS_CA_BUNDLE"):
            Caller(environ={"REQUESTS_CA_BUNDLE": str(tmp_path / name)})


def wrong_name(make: Any) -> ssl.SSLContext:
    return make("another.example")  # type: ignore[no-any-return]


def wrong_address(make: Any) -> ssl.SSLContext:
    return make("127.0.0.2")  # type: ignore[no-any-return]


def expired(make: Any) -> ssl.SSLContext:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    return make("127.0.0.1", not_before=past, not_after=datetime(2021, 1, 1, tzinfo=UTC))  # type: ignore[no-any-return]


def unknown_authority(make: Any) -> ssl.SSLContext:
    return make("127.0.0.1", authority=trustme.CA())  # type: ignore[no-any-return]


def old_protocol(make: Any) -> ssl.SSLContext:
    context: ssl.SSLContext = make("127.0.0.1")
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


@pytest.mark.parametrize("flaw", [wrong_name, wrong_address, expired, unknown_authority, old_protocol])
def test_a_server_that_cannot_prove_itself_gets_no_request(
    loopback: Any, ca_environ: dict[str, str], server_tls: Any, flaw: Callable[[Any], ssl.SSLContext]
) -> None:
    requests: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        requests.append(connection.recv(65536))

    port = loopback.serve(talk, tls=flaw(server_tls))
    assert Caller(environ=ca_environ).fails(url_of(port, "https")).reason is FailureReason.TLS
    assert [request for request in requests if request] == []


def test_a_tls_body_cut_off_without_farewell_is_not_taken_for_whole(
    loopback: Any, ca_environ: dict[str, str], server_tls: Any
) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n81.2.69.1")  # the rest, "42", is cut by somebody on the path
        connection.shutdown(socket.SHUT_RDWR)

    port = loopback.serve(talk, tls=server_tls("127.0.0.1"))
    assert Caller(environ=ca_environ).fails(url_of(port, "https")).reason is FailureReason.TLS


def test_no_python_is_left_to_ignore_a_missing_farewell() -> None:
    # Some Pythons set this option by themselves: 3.11.2, Debian 12's, does.
    assert not client_context({}).options & ssl.OP_IGNORE_UNEXPECTED_EOF


def test_plain_http_behind_https_is_a_tls_failure(loopback: Any, caller: Caller) -> None:
    port = loopback.serve(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert caller.fails(url_of(port, "https")).reason is FailureReason.TLS


def test_proxies_and_netrc_of_the_environment_are_ignored(
    loopback: Any, caller: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    heads: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        heads.append(connection.recv(65536))
        connection.sendall(OK)

    trap = loopback.answer(b"HTTP/1.1 502 Trapped\r\nContent-Length: 0\r\n\r\n")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap}")
    assert caller.get(url_of(loopback.serve(talk))).status == 200
    assert b"authorization" not in heads[0].lower()


def test_secrets_of_a_request_are_not_in_its_repr() -> None:
    request = Request(
        "heartbeat", "https://hc.example/secret", headers={"Authorization": "Bearer secret"}, body=b"secret"
    )
    assert "secret" not in repr(request)


def test_no_thread_outlives_its_call(loopback: Any, caller: Caller) -> None:
    port = loopback.serve(loopback.silent)
    before = {thread.name for thread in threading.enumerate()}
    caller.fails(url_of(port), 0.05)
    new = {thread.name for thread in threading.enumerate()} - before
    assert not [name for name in new if "serve" not in name and "_talk" not in name and "_accept" not in name]
