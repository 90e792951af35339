"""Thirty days of simulated homes as Prometheus blocks, for the dashboards to be drawn from.

    python -m grafana.preview.history DIRECTORY [SITE...]

Each site has its own folder of blocks there. The samples are those of ``cadence-exporter simulate --metrics-out``, with the labels
that a scrape configuration adds. What a simulated process does not have is made up, see ``_invented``.
"""

import math
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from cadence_exporter import __version__
from cadence_exporter.record.metrics.families import all_metrics
from cadence_exporter.simulate.account import Account
from cadence_exporter.simulate.clock import EPOCH
from cadence_exporter.simulate.run import DAY_S, Simulation
from cadence_exporter.simulate.sampler import Sampler
from cadence_exporter.simulate.scenarios import SCENARIOS

DAYS = 30
INVENTED_EVERY_S = 120
_ONE_SITE_ONLY = (
    "cadence_loop_duration_seconds",
    "cadence_api_request_duration_seconds",
    "cadence_log_messages_total",
    "cadence_cache_lookups_total",
)
"""The bulky families, which no dashboard compares between sites."""


@dataclass(frozen=True, slots=True)
class Site:
    """One home of the fleet."""

    name: str
    scenario: str
    seed: int
    slower: float = 1.0
    """The scenario's faults a day are divided by this."""
    version: str = __version__


SITES = (
    Site("home", "quiet-month", 2),
    Site("parents", "quiet-month", 11),
    Site("cabin", "isp-wide-outage", 3, slower=6.0),
    Site("workshop", "flapping-isp", 5, slower=10.0, version="0.0.9"),
    Site("office", "dead-echo-operator", 4, slower=4.0),
)


class Scraped:
    """Takes what the sampler writes, and writes it as Prometheus would have stored it."""

    def __init__(self, site: Site, out: TextIO) -> None:
        self._target = f'job="cadence",site="{site.name}",instance="{site.name}.lan:9923"'
        self._version = f'version="{site.version}"'
        self._out = out

    def write(self, line: str) -> int:
        """One line. The mark of the end is for the caller to write."""
        if line.startswith("#"):
            return 0
        name, brace, rest = line.partition("{")
        if brace:
            rest = rest.replace('version="simulated"', self._version)
            return self._out.write(f"{name}{{{self._target},{rest}")
        name, _, rest = line.partition(" ")
        return self._out.write(f"{name}{{{self._target}}} {rest}")

    def writelines(self, lines: Iterable[str]) -> None:
        """Many."""
        for line in lines:
            self.write(line)


def _invented() -> Iterator[str]:
    """What belongs to a process or a scrape and not to the loop: the levels are those of docs/BENCHMARKS.md, the rest is decoration."""
    for age in range(0, int(DAYS * DAY_S), INVENTED_EVERY_S):
        wave = math.sin(age / 5000.0) + 0.4 * math.sin(age / 700.0)
        at = f" {EPOCH + age:.0f}\n"
        yield f"process_resident_memory_bytes {47.0e6 + 1.5e6 * (1 - math.exp(-age / 7200.0)) + 1.2e5 * wave:.0f}{at}"
        yield f"process_cpu_seconds_total {0.9 + 0.0009 * age + 0.02 * wave:.3f}{at}"
        yield f"process_open_fds {14 + (wave > 1.0)}{at}"
        yield f"process_max_fds 1024{at}"
        yield f"scrape_duration_seconds {0.011 + 0.002 * abs(wave):.5f}{at}"
        yield f"scrape_samples_scraped 360{at}"
        for generation, every in (("0", 180), ("1", 2400), ("2", 36000)):
            yield f'python_gc_collections_total{{generation="{generation}"}} {age // every}{at}'


def _simulated(site: Site, text: Path) -> Account:
    scenario = SCENARIOS[site.scenario]
    rates = {fault: rate / site.slower for fault, rate in scenario.rates.items()}
    simulation = Simulation(scenario.home, site.seed, float(DAYS), rates, tally=True)
    every = {metric.name for metric in all_metrics()}
    sampler = Sampler(simulation, every if site is SITES[0] else every - set(_ONE_SITE_ONLY))
    account = simulation.run()
    with text.open("w", encoding="ascii") as out:
        scraped = Scraped(site, out)
        sampler.write(scraped)  # type: ignore[arg-type]
        scraped.writelines(_invented())
        out.write("# EOF\n")
    return account


def main(directory: Path, wanted: list[str]) -> None:
    """Simulate each site, and let promtool make blocks of it."""
    for site in SITES:
        if wanted and site.name not in wanted:
            continue
        blocks = directory / site.name
        shutil.rmtree(blocks, ignore_errors=True)
        blocks.mkdir(parents=True)
        text = directory / f"{site.name}.om"
        account = _simulated(site, text)
        told = f"{account.cycles} cycles, {account.outages} outages, {account.address_changes} new addresses"
        print(f"{site.name}: {site.scenario}, seed {site.seed}: {told}; {text.stat().st_size >> 20} MiB", flush=True)
        command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=1024h", "--quiet", "openmetrics"]
        subprocess.run([*command, str(text), str(blocks)], check=True, stdout=subprocess.DEVNULL)
        text.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
