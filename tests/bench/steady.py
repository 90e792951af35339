"""The healthy steady state at the default pace: two simulated days with the waits skipped, probes and servers real."""

import json
import subprocess
import sys
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from cadence_exporter.demo.home import RECORD
from tests.bench.figures import Figure, percentile
from tests.bench.process import ROOT, clean_environ
from tests.bench.world import TlsHome, busiest_window

HOUR_S = 3600.0
SETTLED_S = 1800.0
"""What happens before (the start, the first look at the record, which is there already) is no steady state."""
FIRST_CYCLES = 20
"""Left out of times and CPU for the same reason."""
HOURS = 48.0
REST_S = 0.25
"""A rest as long as this between cycles lets other programs have the processor's caches, as minutes of waiting would."""
RESTED_HOURS = 3.0


def figures() -> Iterator[Figure]:
    for router, calls_bound in ((True, 4), (False, 21)):
        words = "router answers NAT-PMP" if router else "router says nothing, tripwire off"
        with tempfile.TemporaryDirectory(prefix="cadence-bench-") as text:
            yield from _run(Path(text), words, calls_bound, router=router)


def _run(folder: Path, words: str, calls_bound: int, *, router: bool) -> Iterator[Figure]:
    group = f"Steady state, {HOURS:g} simulated hours, TLS, {words}"
    with TlsHome(folder) as home:
        home.cloudflare.add_by_hand(RECORD, "A", home.address, ttl=60, proxied=False)
        if not router:
            home.router.close()  # its port refuses: the quick way of not speaking it
        report, arrivals = unhurried(home, folder / "long", HOURS)
        yield from _calls(group, report, arrivals, calls_bound)
        yield from _cpu(group, report, "CPU of a core, the processor's caches warm")
        yield from _overhead(group, report)
        yield from _growth(group, report)
        rested, _ = unhurried(home, folder / "rested", RESTED_HOURS, REST_S)
        yield from _cpu(group, rested, f"CPU of a core, {REST_S:g} s of rest before each cycle")
        yield Figure(group, "cycle overhead after a rest, median", _median_overhead_ms(rested), "ms", 10)


def unhurried(
    home: TlsHome, folder: Path, hours: float, rest_s: float = 0.0, *, tripwire: bool = False
) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """The child's report, and the arrivals at the servers in the child's own time."""
    folder.mkdir()
    config = folder / "cadence.yaml"
    config.write_text(yaml.safe_dump(home.as_settings(folder / "state")))
    home.arrivals.clear()
    home.handshakes.clear()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.bench.unhurried",
            str(config),
            str(hours),
            str(rest_s),
            *([home.address] if tripwire else []),
        ],
        stdout=subprocess.PIPE,
        check=True,
        cwd=folder,  # a developer's own .env is not for the benchmark
        env={**clean_environ(), **home.environ(), "PYTHONPATH": str(ROOT)},
    )
    report = json.loads(done.stdout)
    return report, {kind: _dated(times, report) for kind, times in home.arrivals.items()}


def _dated(times: list[float], report: dict[str, Any]) -> list[float]:
    """Real instants -> seconds since the child's start on its own clock."""
    real, skipped = report["real"], report["skipped"]
    began = real[0] + skipped[0]
    return [moment + skipped[max(0, bisect_right(real, moment) - 1)] - began for moment in sorted(times)]


def _calls(group: str, report: dict[str, Any], arrivals: dict[str, list[float]], bound: int) -> Iterator[Figure]:
    hours = HOURS - SETTLED_S / HOUR_S
    steady = {kind: [moment for moment in times if moment >= SETTLED_S] for kind, times in arrivals.items()}
    everything = sorted(moment for times in steady.values() for moment in times)
    yield Figure(group, "external API calls in the busiest hour", busiest_window(everything, HOUR_S), "calls", bound)
    kinds = ", ".join(f"{kind} {len(times) / hours:.2f}" for kind, times in sorted(steady.items()))
    yield Figure(group, "external API calls an hour, mean", len(everything) / hours, "calls", bound, kinds)
    surprises = [words for words in report["surprises"] if int(words.partition(":")[0]) > FIRST_CYCLES]
    surprises = [words for words in surprises if " natpmp: refused" not in words]  # where there is none, no surprise
    yield Figure(group, "probes that failed, records found wrong", len(surprises), "", 0, "; ".join(surprises[:2]))
    not_up = [number for number in report["not_up"] if number > FIRST_CYCLES]
    cycles = len(report["lengths"])
    yield Figure(group, f"cycles not UP after the first {FIRST_CYCLES}", len(not_up), "", 0, f"of {cycles}")


def _cpu(group: str, report: dict[str, Any], name: str) -> Iterator[Figure]:
    """From the cycles after the start to the end; the waits' own cost is measured apart, in a real minute."""
    cpu, real, skipped = report["cpu_s"], report["real"], report["skipped"]
    cycles = len(cpu) - 1 - FIRST_CYCLES
    seconds = real[-1] + skipped[-1] - real[FIRST_CYCLES + 1] - skipped[FIRST_CYCLES + 1]
    spent = cpu[-1] - cpu[FIRST_CYCLES]
    yield Figure(group, name, 100 * spent / seconds, "% of core", 0.2, f"{1000 * spent / cycles:.1f} ms a cycle")


def _overheads_ms(report: dict[str, Any]) -> list[float]:
    pairs = zip(report["lengths"], report["slowest_probe"], report["actions"], strict=True)
    return [1000 * (length - probe) for length, probe, actions in pairs if not actions][FIRST_CYCLES:]


def _median_overhead_ms(report: dict[str, Any]) -> float:
    return percentile(_overheads_ms(report), 0.5)


def _overhead(group: str, report: dict[str, Any]) -> Iterator[Figure]:
    overheads = _overheads_ms(report)
    note = f"{len(overheads)} cycles; commit with fsync, metrics and log included; DNS calls are not"
    yield Figure(group, "cycle overhead beyond the slowest probe, median", percentile(overheads, 0.5), "ms", 10, note)
    yield Figure(group, "cycle overhead beyond the slowest probe, p95", percentile(overheads, 0.95), "ms")
    probes = [1000 * seconds for seconds in report["slowest_probe"][FIRST_CYCLES:]]
    yield Figure(group, "slowest probe, median", percentile(probes, 0.5), "ms", note="loopback, TLS 1.3")


def _growth(group: str, report: dict[str, Any]) -> Iterator[Figure]:
    """A leak would show here: two days of cycles, threads, connections and commits."""
    early = len(report["resident_mib"]) // 4
    grown = report["resident_mib"][-1] - report["resident_mib"][early]
    cycles = len(report["resident_mib"])
    yield Figure(group, "resident (VmRSS) at the end", report["resident_mib"][-1], "MiB", 64, f"after {cycles} cycles")
    yield Figure(group, "growth of it over the last three quarters", grown, "MiB", 1)
    yield Figure(
        group, "open files gained over the same", report["open_files"][-1] - report["open_files"][early], "", 0
    )
    yield Figure(group, "scapy in sys.modules (1: yes)", float(report["scapy"]), "", 0)
