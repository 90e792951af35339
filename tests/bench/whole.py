"""The real process, started as a user starts it: memory, scrapes, start, idling."""

import contextlib
import gzip
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from tests.bench.figures import Figure, percentile
from tests.bench.flood import HALF_OPEN, Flood
from tests.bench.process import cpu_s, proportional_mib, resident_mib, threads
from tests.bench.scraper import HEADERS
from tests.bench.world import TlsHome
from tests.blackbox.instance import QUICK, Instance, wait_for

CYCLES = 300
SCRAPES = 400
SCRAPE_PAUSE_S = 0.05
STARTS = 5
MEMORY_MIB = 64
IDLE_S = 60.0


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="cadence-bench-") as text, TlsHome(Path(text)) as home:
        folder = Path(text)
        yield from _starts(folder, home)
        yield from _at_work(folder, home)
        yield from _with_scapy(folder, home)


def _starts(folder: Path, home: TlsHome) -> Iterator[Figure]:
    took = []
    for number in range(STARTS):
        port = 20_000 + os.getpid() % 10_000 + number
        settings = home.as_settings(folder / f"start-state-{number}", f"127.0.0.1:{port}")
        began = time.monotonic()
        with Instance(folder / f"start-{number}", settings, environ=home.environ()) as instance:
            wait_for(lambda port=port: _answers(port), "the first answer")
            took.append(time.monotonic() - began)
            instance.stop()
    yield Figure("Start", "from exec to the first /metrics answer, median", percentile(took, 0.5), "s", 2)
    yield Figure("Start", "from exec to the first /metrics answer, worst", max(took), "s", 2, f"of {STARTS}")


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().status == http.HTTPStatus.OK
        finally:
            connection.close()
    return False


def _at_work(folder: Path, home: TlsHome) -> Iterator[Figure]:
    """A loop some nine hundred times as quick as by default, so that scrapes meet cycles at work; nothing else is changed."""
    settings = {**home.as_settings(folder / "state"), "loop": {**QUICK, "interval": "200ms", "probe_timeout": "100ms"}}
    with Instance(folder / "quick", settings, environ=home.environ()) as instance:
        instance.wait_until_up()
        pid = instance.process.pid
        first = instance.cycles()
        before_cpu, began = cpu_s(pid), time.monotonic()
        took = _scrape(instance.port)
        cpu_each_ms = 1000 * (cpu_s(pid) - before_cpu) / len(took)
        rate = (instance.cycles() - first) / (time.monotonic() - began)
        note = f"{len(took)} scrapes, OpenMetrics with exemplars, gzip, {rate:.0f} cycles/s beside them"
        yield Figure("/metrics", "p50", 1000 * percentile(took, 0.5), "ms", note=note)
        yield Figure("/metrics", "p99", 1000 * percentile(took, 0.99), "ms", 20)
        yield Figure("/metrics", "CPU a scrape, at most", cpu_each_ms, "ms", note="the cycles beside it included")
        yield from _page(instance)
        wait_for(lambda: instance.cycles() >= CYCLES, f"{CYCLES} cycles", 60)
        yield from _memory("Memory", instance, f"after {instance.cycles()} cycles and {SCRAPES} scrapes")
        yield from _crowded(instance)
        instance.stop()


def _crowded(instance: Instance) -> Iterator[Figure]:
    """The same scrapes, beside a thousand connections that begin a request and never end it."""
    with Flood(instance.port):
        first, began = instance.cycles(), time.monotonic()
        took = _scrape(instance.port, SCRAPES // 4)
        rate = (instance.cycles() - first) / (time.monotonic() - began)
        note = f"{len(took)} scrapes, {threads(instance.process.pid)} threads, {rate:.0f} cycles/s beside them"
    yield Figure(
        "/metrics", f"p50, {HALF_OPEN} half-open connections beside it", 1000 * percentile(took, 0.5), "ms", note=note
    )
    yield Figure("/metrics", f"p99, {HALF_OPEN} half-open connections beside it", 1000 * percentile(took, 0.99), "ms")


def _scrape(port: int, times: int = SCRAPES) -> list[float]:
    command = [sys.executable, "-m", "tests.bench.scraper", str(port), str(times), str(SCRAPE_PAUSE_S)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    took: list[float] = json.loads(done.stdout)
    return took


def _page(instance: Instance) -> Iterator[Figure]:
    series = len(instance.metrics())
    yield Figure("/metrics", "series", series, "", 600)
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=10)
    for name, headers in (("plain", {}), ("as Prometheus fetches it", HEADERS)):
        connection.request("GET", "/metrics", headers=headers)
        response = connection.getresponse()
        body = response.read()
        packed = response.headers.get("Content-Encoding") == "gzip"
        whole = gzip.decompress(body) if packed else body
        note = f"gzip of {len(whole)} bytes" if packed else ""
        yield Figure("/metrics", f"size, {name}", len(body) / 1024, "KiB", note=note)
    connection.close()


def _memory(group: str, instance: Instance, note: str, bound: float | None = MEMORY_MIB) -> Iterator[Figure]:
    pid = instance.process.pid
    yield Figure(group, "resident (VmRSS)", resident_mib(pid), "MiB", bound, note)
    yield Figure(group, "proportional (Pss)", proportional_mib(pid), "MiB", note=f"{threads(pid)} threads")


def _with_scapy(folder: Path, home: TlsHome) -> Iterator[Figure]:
    """The ARP probe on loopback: nobody answers ARP there, but scapy is loaded and at work, which is what it costs."""
    settings: dict[str, Any] = home.as_settings(folder / "scapy-state")
    settings["router"]["probe"] = "arp"
    settings["loop"] = {**QUICK, "interval": "4s", "probe_timeout": "2s"}
    with Instance(folder / "scapy", settings, environ=home.environ()) as instance:
        wait_for(lambda: instance.cycles() >= 3, lambda: f"3 cycles: {instance.output[-2000:]}", 40)
        yield from _memory("Memory, with router.probe: arp (scapy loaded)", instance, "after 3 cycles", bound=None)
        instance.stop()


class Idle:
    """A process at the default settings, left alone. Begun first and read last, so that a real minute of waiting costs none."""

    def __init__(self, folder: Path) -> None:
        self._home = TlsHome(folder)
        settings = self._home.as_settings(folder / "idle-state")
        self._instance = Instance(folder / "idle", settings, environ=self._home.environ())
        self._pid = self._instance.process.pid
        self._began = 0.0
        self._cycles = 0

    def __enter__(self) -> Self:
        self._instance.wait_until_up()
        wait_for(self._home.published, "the record")
        self._cycles = self._instance.cycles()
        self._began, self._cpu = time.monotonic(), cpu_s(self._pid)
        return self

    def __exit__(self, *_: object) -> None:
        self._instance.kill()
        self._home.close()

    def figures(self) -> Iterator[Figure]:
        """Call no earlier than a minute after the start; waits for what is left of it."""
        time.sleep(max(0.0, self._began + IDLE_S - time.monotonic()))
        seconds, spent = time.monotonic() - self._began, cpu_s(self._pid) - self._cpu
        cycles = self._instance.cycles() - self._cycles
        note = f"{spent * 1000:.0f} ms in {seconds:.0f} s of real time, {cycles} cycles among them"
        yield Figure("Waiting, default settings", "CPU of a core", 100 * spent / seconds, "% of core", 0.2, note)
        yield from _memory("Waiting, default settings", self._instance, f"after {self._instance.cycles()} cycles")
