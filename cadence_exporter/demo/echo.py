"""An echo service on loopback: says which address the home has, or whatever else a service of that kind has been seen to say."""

import gzip
import json
from collections.abc import Callable
from enum import StrEnum

from cadence_exporter.demo.closes import Closes
from cadence_exporter.demo.http_service import Answering, Asked, HttpService, Reply, Reset, Silence
from cadence_exporter.demo.tcp_port import PortMode

MEBIBYTE = b"9" * 1_048_576
PAGE = b"<!DOCTYPE html><html><body>Your address is <b>93.184.216.34</b></body></html>"
"""Holds something address-looking, which must never be found in it."""


class EchoForm(StrEnum):
    """The documented forms of an answer; the value is the path at which it is served."""

    TEXT = "/"
    JSON = "/?format=json"
    TRACE = "/cdn-cgi/trace"


class EchoMode(StrEnum):
    """How the service answers."""

    HONEST = "honest"
    HTML = "html"
    HTML_403 = "html_403"
    EMPTY = "empty"
    LIST = "list"
    LEADING_ZEROS = "leading_zeros"
    WITH_PORT = "with_port"
    IPV6 = "ipv6"
    OVERSIZED = "oversized"
    """A gigabyte."""
    GZIP_BOMB = "gzip_bomb"
    DRIP = "drip"
    """The right answer, one byte a second."""
    REDIRECT = "redirect"
    TOO_MANY_REQUESTS = "too_many_requests"
    SERVER_ERROR = "server_error"
    SILENCE = "silence"
    RESET = "reset"


class EchoFake(Closes):
    """``address`` is asked for the home's current address at each call, unless the service lies."""

    def __init__(self, address: Callable[[], str], form: EchoForm = EchoForm.TEXT, host: str = "127.0.0.1") -> None:
        self._address = address
        self._lie: str | None = None
        self.form = form
        self.mode = EchoMode.HONEST
        self.calls = 0
        self.http = HttpService(self._answer, host)

    def close(self) -> None:
        """Cut what is live and give the port back."""
        self.http.close()

    @property
    def url(self) -> str:
        """What the settings list under ``public_ip.echo``."""
        return self.http.url + self.form

    def lie(self, address: str) -> None:
        """Say this address from now on, whatever the truth is."""
        self._lie = address

    def be_honest(self) -> None:
        """Say the truth from now on, in the documented form."""
        self._lie = None
        self.mode = EchoMode.HONEST

    def reachable(self, mode: PortMode) -> None:
        """Open or close the port beneath."""
        self.http.reachable(mode)

    def _answer(self, asked: Asked) -> Answering:
        self.calls += 1
        address = self._lie or self._address()
        if self.mode is EchoMode.HONEST:
            return self._documented(address, asked.headers.get("host", ""))
        return _MISBEHAVIOUR[self.mode](address)

    def _documented(self, address: str, host: str) -> Reply:
        match self.form:
            case EchoForm.TEXT:
                return Reply(200, f"{address}\n".encode())
            case EchoForm.JSON:
                return Reply(200, json.dumps({"ip": address}).encode(), "application/json")
            case EchoForm.TRACE:
                lines = (
                    "fl=1f1",
                    f"h={host}",
                    f"ip={address}",
                    "ts=0.000",
                    "visit_scheme=http",
                    "warp=off",
                    "gateway=off",
                )
                return Reply(200, "".join(f"{line}\n" for line in lines).encode())


def _bomb(_: str) -> Answering:
    # Sixteen members one after the other are one gzip file (RFC 1952 section 2.2), and quickly packed.
    return Reply(200, gzip.compress(MEBIBYTE) * 16, headers={"Content-Encoding": "gzip"})


_MISBEHAVIOUR: dict[EchoMode, Callable[[str], Answering]] = {
    EchoMode.HTML: lambda _: Reply(200, PAGE, "text/html"),
    EchoMode.HTML_403: lambda _: Reply(403, PAGE, "text/html"),
    EchoMode.EMPTY: lambda _: Reply(200, b""),
    EchoMode.LIST: lambda address: Reply(200, f"{address}, 10.0.0.1".encode()),
    EchoMode.LEADING_ZEROS: lambda _: Reply(200, b"093.184.216.034"),
    EchoMode.WITH_PORT: lambda address: Reply(200, f"{address}:443".encode()),
    EchoMode.IPV6: lambda _: Reply(200, b"2a00:1450:4001:82b::200e"),
    EchoMode.OVERSIZED: lambda _: Reply(200, MEBIBYTE, times=1024),
    EchoMode.GZIP_BOMB: _bomb,
    EchoMode.DRIP: lambda address: Reply(200, address.encode(), drip_s=1.0),
    EchoMode.REDIRECT: lambda _: Reply(302, b"", headers={"Location": "http://192.168.0.1/"}),
    EchoMode.TOO_MANY_REQUESTS: lambda _: Reply(429, b"slow down", headers={"Retry-After": "60"}),
    EchoMode.SERVER_ERROR: lambda _: Reply(500, PAGE, "text/html"),
    EchoMode.SILENCE: lambda _: Silence(),
    EchoMode.RESET: lambda _: Reset(),
}
