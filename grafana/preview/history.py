"""Thirty days of simulated homes as Prometheus blocks, for the dashboards to be drawn from.

    python -m grafana.preview.history DIRECTORY [SITE...]

Each site has its own folder of blocks there.

Every value comes out of the product's own exposition while its loop runs on a simulated clock; ``up`` and
``scrape_samples_scraped`` are what a Prometheus would have added. Four things a simulated process does not have are made up
(see ``_invented``): the memory, CPU time and open files of a process, and the time a scrape takes.
"""

import math
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from cadence_exporter import __version__
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.record.metrics.exposition import About, Metrics
from cadence_exporter.simulate.clock import EPOCH
from cadence_exporter.simulate.run import DAY_S, Account, Simulation
from cadence_exporter.simulate.scenarios import SCENARIOS

DAYS = 30
FINE_S = 60.0
"""Between samples in the last days, where dashboards show hours."""
COARSE_S = 120.0
FINE_DAYS = 2
Sample = tuple[str, tuple[tuple[str, str], ...], float]
"""Name, labels, value."""
_ONE_SITE_ONLY = ("cadence_loop_duration", "cadence_api_request_duration", "cadence_probe_failures_total")
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


class Scrapes:
    """Writes what a scrape a minute would have seen, in true time."""

    def __init__(self, site: Site, simulation: Simulation, out: TextIO) -> None:
        self._site = site
        self._simulation = simulation
        self._world = simulation.world
        self._out = out
        self._names: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
        self._started = 0.0
        self._metrics = self._fresh(Memory(Phase.INIT, self._world.clock.now()))
        simulation.recorders.append(self._metrics)
        simulation.at_start.append(self._restart)
        self._plan()

    def _restart(self, memory: Memory) -> None:
        recorders = self._simulation.recorders
        recorders.remove(self._metrics)
        self._metrics = self._fresh(memory)
        recorders.append(self._metrics)
        self._started = self._world.clock.true

    def _fresh(self, memory: Memory) -> Metrics:
        return Metrics(self._world.disk, memory, self._world.clock, About(self._site.version, "simulated", "3.11.2"))

    def _plan(self) -> None:
        late = self._world.clock.true >= (DAYS - FINE_DAYS) * DAY_S
        self._world.after(FINE_S if late else COARSE_S, self._scrape, lasting=True)

    def _scrape(self) -> None:
        self._plan()
        if self._world.clock.true > DAYS * DAY_S:
            return
        at = f" {EPOCH + self._world.clock.true:.0f}\n"
        alive = self._simulation.alive
        samples = list(self._samples()) if alive else []
        own = [("up", (), float(alive)), ("scrape_samples_scraped", (), float(len(samples)))]
        if alive:
            own += list(self._invented())
        self._out.writelines(f"{self._series(name, labels)} {value!r}{at}" for name, labels, value in samples + own)

    def _samples(self) -> Iterator[Sample]:
        for family in self._metrics.registry.collect():
            if family.name.startswith(("process_", "python_")):
                continue
            if self._site is not SITES[0] and family.name.startswith(
                tuple(n.removesuffix("_total") for n in _ONE_SITE_ONLY)
            ):
                continue
            for sample in family.samples:
                yield sample.name, tuple(sample.labels.items()), float(sample.value)

    def _series(self, name: str, labels: tuple[tuple[str, str], ...]) -> str:
        known = self._names.get((name, labels))
        if known is None:
            target = (("job", "cadence"), ("site", self._site.name), ("instance", f"{self._site.name}.lan:9464"))
            text = ",".join(f'{key}="{value}"' for key, value in (*labels, *target))
            known = self._names[name, labels] = f"{name}{{{text}}}"
        return known

    def _invented(self) -> Iterator[Sample]:
        age = self._world.clock.true - self._started
        wave = math.sin(age / 5000.0) + 0.4 * math.sin(age / 700.0)
        yield "process_start_time_seconds", (), EPOCH + self._started
        yield "process_resident_memory_bytes", (), 47.0e6 + 1.5e6 * (1 - math.exp(-age / 7200.0)) + 1.2e5 * wave
        yield "process_virtual_memory_bytes", (), 310.0e6
        yield "process_cpu_seconds_total", (), round(0.9 + 0.0009 * age + 0.02 * wave, 3)
        yield "process_open_fds", (), 14.0 + float(wave > 1.0)
        yield "process_max_fds", (), 1024.0
        yield "scrape_duration_seconds", (), 0.011 + 0.002 * abs(wave)
        for generation, every in (("0", 180.0), ("1", 2400.0), ("2", 36000.0)):
            yield "python_gc_collections_total", (("generation", generation),), float(int(age / every))


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
        print(f"{site.name}: {site.scenario}, seed {site.seed}: {account.cycles} cycles, {account.outages} outages, "
              f"{account.address_changes} address changes; {text.stat().st_size >> 20} MiB of samples", flush=True)  # fmt: skip
        command = [
            "promtool", "tsdb", "create-blocks-from", "--max-block-duration=1024h", "--quiet",
            "openmetrics", str(text), str(blocks),
        ]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        text.unlink()


def _simulated(site: Site, text: Path) -> Account:
    scenario = SCENARIOS[site.scenario]
    rates = {fault: rate / site.slower for fault, rate in scenario.rates.items()}
    with text.open("w", encoding="ascii") as out:
        simulation = Simulation(scenario.home, site.seed, float(DAYS), rates, tally=True)
        Scrapes(site, simulation, out)
        account = simulation.run()
        out.write("# EOF\n")
    return account


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
