"""Homes whose alerts are counted: the simulator's weather, and how a home's month becomes blocks of Prometheus."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cadence_exporter.model.cycle import Cycle
from cadence_exporter.record.metrics.collectors import STATE_SECONDS
from cadence_exporter.record.metrics.families import all_metrics
from cadence_exporter.simulate.account import Account
from cadence_exporter.simulate.clock import EPOCH
from cadence_exporter.simulate.run import DAY_S, Simulation
from cadence_exporter.simulate.sampler import Sampler
from cadence_exporter.simulate.scenarios import SCENARIOS
from grafana.preview.history import Scraped, Site
from tests.alerting.shipped import ALERTS
from tests.servers.blocks import make_blocks

QUIET = SCENARIOS["quiet-month"].rates
HELD = Site("home", "quiet-month", 0)


@dataclass(frozen=True)
class Weather:
    name: str
    about: str
    days: float
    rates: Mapping[str, float]
    """Mean number a day of the simulator's faults."""
    tuning: tuple[int, ...]
    """Seeds that rules were looked at with."""
    final: tuple[int, ...]
    """Seeds that the figures come from."""


WEATHERS = {
    weather.name: weather
    for weather in (
        Weather(
            "quiet-year",
            "twelve months as most homes have them: a new address a week, an outage of minutes every fifth day, a flap every other day",
            30.0,
            QUIET,
            (1, 2, 3),
            tuple(range(2001, 2013)),
        ),
        Weather(
            "bad-month",
            "a month with some twelve outages of minutes to three hours, four of them with a new address, and twice the flaps",
            30.0,
            {**QUIET, "flap": 1.0, "short_outage": 4 / 30, "long_outage": 5 / 30, "outage_with_new_address": 4 / 30},
            (11, 12, 13),
            (2011, 2012, 2013, 2014, 2015),
        ),
        Weather(
            "flapping-week",
            "the simulator's flapping-isp: a hundred breaks a day, for a week",
            SCENARIOS["flapping-isp"].days,
            SCENARIOS["flapping-isp"].rates,
            (21, 22),
            (2021, 2022, 2023),
        ),
    )
}


@dataclass(frozen=True)
class Outage:
    """As Cadence itself saw it; Unix seconds of true time."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass
class Outages:
    """Implements ``seams.Recorder``: keeps what the loop says of each outage that is over."""

    simulation: Simulation
    found: list[Outage] = field(default_factory=list)
    name: str = "outages"

    def record(self, cycle: Cycle) -> None:
        if cycle.decision.outage_ended:
            now = EPOCH + self.simulation.world.clock.true
            self.found.append(Outage(now - cycle.decision.outage_ended.seconds, now))


@dataclass(frozen=True)
class Lived:
    account: Account
    outages: list[Outage]
    start: float
    end: float
    """Unix seconds of the samples."""


def needed() -> set[str]:
    """The families that the alerts ask for, by themselves or through recording rules (which use one family)."""
    text = ALERTS.read_text()
    return {metric.name for metric in all_metrics() if re.search(rf"\b{metric.name}\b", text)} | {STATE_SECONDS}


def live(weather: Weather, seed: int, blocks: Path) -> Lived:
    """Simulate one home and write its samples, one a minute, as blocks into the folder."""
    scenario = SCENARIOS["quiet-month"]
    simulation = Simulation(scenario.home, seed, weather.days, weather.rates, tally=True)
    outages = Outages(simulation)
    simulation.recorders.append(outages)
    sampler = Sampler(simulation, needed())
    account = simulation.run()
    blocks.mkdir(parents=True, exist_ok=True)
    text = blocks.parent / "samples.om"
    with text.open("w", encoding="ascii") as out:
        held: Any = Scraped(HELD, out)
        sampler.write(held)
        out.write("# EOF\n")
    make_blocks("--quiet", "openmetrics", str(text), str(blocks))
    text.unlink()
    return Lived(account, outages.found, EPOCH, EPOCH + weather.days * DAY_S)
