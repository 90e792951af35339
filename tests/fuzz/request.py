"""Target: what anybody who reaches the port may send."""

import re

import bcrypt
from prometheus_client import CollectorRegistry, Counter

from cadence_exporter.record.web.connection import Connection
from cadence_exporter.record.web.live_config import LiveWebConfig
from cadence_exporter.record.web.messages import is_loopback
from cadence_exporter.record.web.routes import Routes
from cadence_exporter.record.web.status import BoardSettings, StatusBoard
from tests.fuzz.promises import Target, folder
from tests.record.web.web_world import SPEC, HandClock, make_cycle

PEERS = ("127.0.0.1", "192.168.0.7", "::ffff:127.0.0.1", "fe80::7%eth0")
PIECES = (4096, 1, 17, 4096)
HASH = bcrypt.hashpw(b"open sesame", b"$2b$04$abcdefghijklmnopqrstuu").decode()
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Peer:
    """A socket that sends the bytes in pieces and then nothing more, until the server's patience ends."""

    def __init__(self, raw, piece):
        self.left = raw
        self.piece = piece
        self.heard = b""
        self.closed = False

    def recv(self, most):
        if not self.left:
            raise TimeoutError
        size = min(most, self.piece)
        piece, self.left = self.left[:size], self.left[size:]
        return piece

    def send(self, data):
        self.heard += bytes(data)
        return len(data)

    def settimeout(self, seconds):
        assert seconds > 0

    def shutdown(self, how):
        pass

    def close(self):
        self.closed = True


class Site:
    """The application; ``locked`` behind a password."""

    def __init__(self, *, locked):
        self.rung = []
        self.clock = HandClock()
        registry = CollectorRegistry()
        Counter("tries", "Tries.", registry=registry).inc()
        board = StatusBoard(self.clock, BoardSettings("home", (SPEC,), 8.0))
        board.record(make_cycle())
        path = folder() / "locked.yml"
        path.write_text(f"basic_auth_users:\n  prom: {HASH}\n")
        live = LiveWebConfig(path if locked else None, lambda _: None)
        self.routes = Routes(board, registry, live, self.rung.append)


SITES: dict[bool, Site] = {}


def request(data):
    """First byte: who asks, in what pieces, with a password or none."""
    how, raw = data[0] if data else 0, data[1:]
    locked = bool(how & 16)
    site = SITES.get(locked) or SITES.setdefault(locked, Site(locked=locked))
    site.rung.clear()
    peer = Peer(raw, PIECES[how >> 2 & 3])
    Connection(peer, PEERS[how & 3], site.clock).serve(site.routes, None)
    assert peer.closed
    status = well_formed(peer.heard.removeprefix(CONTINUE), raw)
    if site.rung:
        assert status in {200, 202}
        assert raw.lstrip(b"\r\n").startswith(b"POST ")
        assert locked or is_loopback(PEERS[how & 3])


def well_formed(heard, raw):
    """Exactly one answer, however the request was broken; returns its status."""
    head, gap, body = heard.partition(b"\r\n\r\n")
    assert gap, "no answer"
    first, *lines = head.decode("latin-1").split("\r\n")
    status = re.fullmatch(r"HTTP/1\.1 ([2-5][0-9][0-9]) [A-Za-z -]+", first)
    assert status, first
    assert status[1] != "500"
    fields = [re.fullmatch(r"([A-Za-z-]+): ([ -~]*)", line) for line in lines]
    assert all(fields), lines
    lengths = [int(field[2]) for field in fields if field[1] == "Content-Length"]
    assert lengths == [len(body)] or (not body and raw.lstrip(b"\r\n").startswith(b"HEAD ")), lengths
    return int(status[1])


GET = b"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: application/openmetrics-text\r\nAccept-Encoding: gzip\r\n\r\n"
POST = b"POST /-/check HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"

TARGETS = (
    Target(
        "request",
        "one well-formed answer to whatever comes, never a 500; a cycle is rung for only by a POST of this machine or with a password",
        request,
        (
            b"\0" + GET,
            b"\0" + POST,
            b"\x05" + POST,
            b"\0GET / HTTP/1.0\r\n\r\n",
            b"\x10GET /api/v1/status HTTP/1.1\r\nHost: a\r\nAuthorization: Basic cHJvbTpvcGVuIHNlc2FtZQ==\r\n\r\n",
            b"\0" + POST.replace(b"Content", b"Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\nContent"),
            b"\0HEAD http://a/metrics?name[]=tries_total HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
            b"\0\x16\x03\x01\x02\x00",
        ),
        (
            b"\r\n", b"\r\n\r\n", b"Host: ", b"Origin: http://[", b"Content-Length: ", b"Transfer-Encoding: chunked",
            b"Expect: 100-continue", b"Authorization: Basic ", b"/metrics?name[]=", b"/-/check", b"/-/reload", b"/-/healthy",
            b"Sec-Fetch-Site: ", b"Accept: ", b"text/plain;version=1.0.0;escaping=allow-utf-8", b"q=", b"%00", b"X-Forwarded-For: ",
        ),
        2048,
    ),
)  # fmt: skip
