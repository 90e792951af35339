"""SIGTERM while something hangs: the process has two seconds."""

import contextlib
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cadence_exporter.clock import SystemClock
from cadence_exporter.demo.cloudflare_faults import silence
from cadence_exporter.demo.doh import DohMode
from cadence_exporter.demo.tcp_port import TcpPort
from tests.bench.figures import Figure
from tests.bench.world import TlsHome
from tests.blackbox.instance import Instance, wait_for
from tests.fakes.google import SPREADSHEET, FakeGoogle

BOUND_S = 2.0
DEAD_NAMESERVER = "127.9.9.9"
Settings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hang:
    """``arrange`` makes something hang; ``reached`` says that the process is stuck in it."""

    name: str
    arrange: Callable[[TlsHome, Settings], Callable[[], object]]
    prefix: tuple[str, ...] = field(default=())


def figures() -> Iterator[Figure]:
    for hang in (
        Hang("nothing hung", _nothing),
        Hang("a hung probe (a TLS handshake never answered)", _probe),
        Hang("a hung DNS-over-HTTPS resolver", _doh),
        Hang("a hung provider", _provider),
        Hang("a hung sheet, a hung message and a hung heartbeat", _sinks),
    ):
        yield _stop(hang)
    yield from _dead_name_server()


def _stop(hang: Hang) -> Figure:
    with tempfile.TemporaryDirectory(prefix="cadence-bench-") as text, TlsHome(Path(text)) as home:
        folder = Path(text)
        settings = home.as_settings(folder / "state")
        reached = hang.arrange(home, settings)
        environ: Mapping[str, str] = home.environ()
        with Instance(folder / "run", settings, environ=environ, prefix=hang.prefix) as instance:
            _ = instance.port
            wait_for(reached, lambda: f"{hang.name}: {instance.output[-2000:]}")
            time.sleep(0.2)
            began = time.monotonic()
            instance.process.send_signal(signal.SIGTERM)
            code = instance.process.wait(20)
            took_s = time.monotonic() - began
    return Figure("Stop by SIGTERM", hang.name, took_s, "s", BOUND_S, f"exit code {code}")


def _nothing(home: TlsHome, _: Settings) -> Callable[[], object]:
    return home.published


def _probe(home: TlsHome, settings: Settings) -> Callable[[], object]:
    silent = TcpPort()  # lets everybody in and says nothing
    settings["wan"]["targets"] = [f"tls://{silent.address}"]
    return lambda: silent.accepted


def _doh(home: TlsHome, _: Settings) -> Callable[[], object]:
    for resolver in home.resolvers:
        resolver.mode = DohMode.SILENCE
    return lambda: home.arrivals["doh"]


def _provider(home: TlsHome, _: Settings) -> Callable[[], object]:
    home.cloudflare.persistent_fault = silence()
    return lambda: home.arrivals["cloudflare"]


def _sinks(_: TlsHome, settings: Settings) -> Callable[[], object]:
    token, phone, check = (TcpPort() for _ in range(3))
    account = FakeGoogle(SystemClock()).account(f"http://{token.address}/token")
    settings["sheets"] = {"enabled": True, "spreadsheet": SPREADSHEET, "credentials": account}
    settings["notify"] = {"urls": [f"json://{phone.address}/x"], "quiet_period": "0s"}
    settings["heartbeat"] = {"url": f"http://{check.address}/ping/x"}
    return lambda: token.accepted and phone.accepted and check.accepted


def _dead_name_server() -> Iterator[Figure]:
    """The system's resolver cannot be interrupted. Needs root: a resolv.conf of its own, bound over the real one in a mount namespace."""
    if os.geteuid() != 0:
        return
    with (
        tempfile.TemporaryDirectory(prefix="cadence-bench-") as text,
        contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as silent,
    ):
        silent.bind((DEAD_NAMESERVER, 53))
        silent.settimeout(20)
        resolv = Path(text) / "resolv.conf"
        resolv.write_text(f"nameserver {DEAD_NAMESERVER}\noptions timeout:30 attempts:5\n")
        script = f'mount --bind {resolv} /etc/resolv.conf && exec "$@"'

        def arrange(_: TlsHome, settings: Settings) -> Callable[[], object]:
            settings["public_ip"]["echo"] = ["https://echo.example/ip", "https://echo2.example/ip"]
            return lambda: silent.recv(512)

        yield _stop(
            Hang("a hung system resolver (getaddrinfo)", arrange, ("unshare", "--mount", "sh", "-c", script, "sh"))
        )
