"""Thirty days of a simulated home as a Prometheus has them: a scrape each ten minutes, and each minute in the last hours."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from cadence_exporter.simulate.clock import EPOCH
from cadence_exporter.simulate.home_power import DEFAULTS
from cadence_exporter.simulate.power import RecoverySpec
from cadence_exporter.simulate.run import DAY_S, Simulation
from cadence_exporter.simulate.sampler import EVERY_S, Sampler
from cadence_exporter.simulate.scenarios import SCENARIOS
from grafana.preview.history import Scraped, Site
from tests.grafana.answered import PAGES
from tests.grafana.expressions import Range
from tests.grafana.names import ROOT
from tests.servers.blocks import make_blocks
from tests.servers.prometheus import start_prometheus

DAYS = 30.0
SEED = 7
RARELY_S = 600.0
DENSE_S = 7200.0
_MORE = {"cgnat_move": 0.1, "echo_all_dead": 0.1, "both_wans": 0.1, "provider_5xx": 0.1, "disk_blinks": 0.1}
"""On top of a quiet month: what shows in panels that are empty while all is well."""
_HANGS = {"modem_hangs": 0.3}
_POWER = RecoverySpec(replace(DEFAULTS, ups=True), ups_runtime_s=1800.0)
RECORDED_EVERY = "30m"
HOME = 'job="cadence",site="home",instance="home.lan:9923"'


class Thinned(Sampler):
    """See the module: enough for each panel at thirty days, and for what asks for the present."""

    def _plan(self) -> None:
        left_s = DAYS * DAY_S - self._world.clock.true
        self._world.after(EVERY_S if left_s < DENSE_S else RARELY_S, self._sample, lasting=True)

    def _sample(self) -> None:
        if self._world.clock.true <= DAYS * DAY_S:
            super()._sample()


def month(folder: Path) -> Range:
    """Blocks in ``folder``/data, the recorded sums among them."""
    scenario = SCENARIOS["quiet-month"]
    home = replace(scenario.home, recovery=_POWER)
    simulation = Simulation(home, SEED, DAYS, {**scenario.rates, **_MORE, **_HANGS}, tally=True)
    simulation.checkers.clear()  # other tests judge what the loop does
    simulation._on_cycle = []
    sampler = Thinned(simulation)
    simulation.run()
    text, data = folder / "month.om", folder / "data"
    data.mkdir(parents=True)
    with text.open("w", encoding="ascii") as out:
        held: Any = Scraped(Site("home", "quiet-month", SEED), out)
        sampler.write(held)
        held.writelines(_of_the_process())
        out.write("# EOF\n")
    make_blocks("openmetrics", str(text), str(data))
    span = Range(EPOCH, EPOCH + DAYS * DAY_S)
    _record(folder, span)
    return span


def _of_the_process() -> Iterator[str]:
    """What a simulated process does not have, and a scrape adds."""
    for name, by_age in {
        "process_resident_memory_bytes": lambda _: 48e6,
        "process_cpu_seconds_total": lambda age: 0.001 * age,
        "process_open_fds": lambda _: 14,
        "process_max_fds": lambda _: 1024,
        "scrape_duration_seconds": lambda _: 0.01,
        "scrape_samples_scraped": lambda _: 360,
        'python_gc_collections_total{generation="0"}': lambda age: age // 180,
    }.items():
        for age in range(0, int(DAYS * DAY_S) + 1, int(RARELY_S)):
            yield f"{name} {by_age(age)} {EPOCH + age:.0f}\n"


def _record(folder: Path, span: Range) -> None:
    """Of the recording rules those that a page asks for: promtool evaluates them as a Prometheus would have done all month."""
    pages = "\n".join(page.read_text() for page in PAGES)
    groups = yaml.safe_load((ROOT / "prometheus" / "rules" / "cadence.rules.yml").read_text())["groups"]
    used = [rule for group in groups for rule in group["rules"] if re.search(rf"{rule['record']}\b", pages)]
    rules = folder / "used.rules.yml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": "used", "interval": RECORDED_EVERY, "rules": used}]}))
    with start_prometheus(folder, {}, interval="1h") as prometheus:
        url = f"--url=http://127.0.0.1:{prometheus.port}"
        when = (f"--start={span.start:.0f}", f"--end={span.end:.0f}", f"--eval-interval={RECORDED_EVERY}")
        make_blocks("rules", url, *when, f"--output-dir={folder / 'data'}", str(rules))
