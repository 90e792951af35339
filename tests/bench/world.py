"""The pretend home with its outside services behind TLS, as in real life, and every call counted where it arrives."""

import socket
import ssl
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import certifi
import trustme

from cadence_exporter.demo.cloudflare import CloudflareFake
from cadence_exporter.demo.doh import DohFake
from cadence_exporter.demo.echo import EchoFake
from cadence_exporter.demo.home import Home
from cadence_exporter.demo.http_service import Answering, Asked, HttpService, Reply
from cadence_exporter.demo.natpmp_router import NatPmpMode

Web = EchoFake | DohFake | CloudflareFake


class TlsHome(Home):
    """``arrivals`` holds the monotonic instant of each request, by kind of service; ``ca_bundle`` is for REQUESTS_CA_BUNDLE."""

    def __init__(self, folder: Path, *, router_answers: bool = True) -> None:
        super().__init__(longest_ttl_s=0.2, negative_ttl_s=0.2)
        authority = trustme.CA()
        self.ca_bundle = folder / "ca.pem"
        # The usual list as well: its size is part of the memory that is measured.
        self.ca_bundle.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self.arrivals: dict[str, list[float]] = defaultdict(list)
        for echo in self.echoes:
            self._behind_tls(echo, "ip_echo", context)
        for resolver in self.resolvers:
            self._behind_tls(resolver, "doh", context)
        self._behind_tls(self.cloudflare, "cloudflare", context)
        self.wan_ports = [HttpService(lambda _: Reply(), tls=context) for _ in self.wan_targets]
        self.handshakes: list[float] = []
        for each in self.wan_ports:
            each.port._serve = self._counting_handshakes(each.port._serve)
        if not router_answers:
            self.router.mode = NatPmpMode.OFF

    def close(self) -> None:
        for each in self.wan_ports:
            each.close()
        super().close()

    def as_settings(self, state_dir: Path, listen: str = "127.0.0.1:0") -> dict[str, Any]:
        settings = super().as_settings(state_dir, listen)
        settings["wan"]["targets"] = [f"tls://{each.port.address}" for each in self.wan_ports]
        return settings

    def environ(self) -> Mapping[str, str]:
        """What the product needs to trust these services."""
        return {"REQUESTS_CA_BUNDLE": str(self.ca_bundle)}

    def _behind_tls(self, fake: Web, kind: str, context: ssl.SSLContext) -> None:
        fake.http.close()
        answer: Callable[[Asked], Answering] = fake._answer

        def counted(asked: Asked) -> Answering:
            self.arrivals[kind].append(time.monotonic())
            return answer(asked)

        fake.http = HttpService(counted, tls=context)

    def _counting_handshakes(self, serve: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
        def counted(connection: socket.socket) -> None:
            self.handshakes.append(time.monotonic())
            serve(connection)

        return counted


def busiest_window(times: list[float], length: float) -> int:
    """The most events within any window of this length; ``times`` in order."""
    return max((index + 1 - bisect_right(times, moment - length) for index, moment in enumerate(times)), default=0)
