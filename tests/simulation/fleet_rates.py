"""Requests a second of a fleet, drawn from the traces of the homes that were simulated."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from cadence_exporter.simulate.dice import Dice
from tests.simulation.fleet_home import Trace

SECONDS = 600
"""The first ten minutes after t0."""


def percentile(series: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all lies at or below."""
    ordered = sorted(series)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def busiest(series: Sequence[float], seconds: int) -> float:
    """The mean rate of the busiest stretch of so many seconds in a row."""
    return max(sum(series[at : at + seconds]) for at in range(len(series) - seconds + 1)) / seconds


@dataclass(frozen=True)
class Rates:
    """At one service, requests a second of the whole fleet."""

    peak: float
    """Of the busiest second."""
    peak_10s: float
    p50: float
    p95: float
    p99: float
    calls: float
    """In all of the ten minutes."""

    @classmethod
    def of(cls, series: Sequence[float]) -> "Rates":
        shares = (percentile(series, share) for share in (0.5, 0.95, 0.99))
        return cls(busiest(series, 1), busiest(series, 10), *shares, sum(series))


@dataclass
class Sample:
    """The simulated homes, as calls in each second."""

    traces: Sequence[Trace]
    _homes: list[Counter[tuple[str, int]]] = field(init=False)

    def __post_init__(self) -> None:
        self._homes = [Counter((who, int(at)) for at, who in trace.calls if 0 <= at < SECONDS) for trace in self.traces]

    def series(self, weights: Mapping[int, int]) -> dict[str, list[int]]:
        """Requests in each second at each service, of a fleet that has home number n ``weights[n]`` times."""
        total: dict[str, list[int]] = {}
        for number, weight in weights.items():
            for (who, second), calls in self._homes[number].items():
                total.setdefault(who, [0] * SECONDS)[second] += weight * calls
        return total

    def everyone(self) -> dict[str, list[int]]:
        """Each simulated home once."""
        return self.series(dict.fromkeys(range(len(self._homes)), 1))

    def fleets(self, size: int, chance: Dice, draws: int) -> list[dict[str, Rates]]:
        """So many fleets of ``size`` homes, drawn with replacement. No call is moved in time: t0 is everybody's."""
        numbers = range(len(self._homes))
        drawn = (Counter(chance.choices(numbers, k=size)) for _ in range(draws))
        return [{who: Rates.of(series) for who, series in self.series(weights).items()} for weights in drawn]


def typical(fleets: Sequence[Mapping[str, Rates]], services: Sequence[str]) -> Rates:
    """Figure by figure the median over all fleets, each time at the service that has it worst."""

    def worst(fleet: Mapping[str, Rates], name: str) -> float:
        return max((getattr(fleet[who], name) for who in services if who in fleet), default=0.0)

    names = ("peak", "peak_10s", "p50", "p95", "p99", "calls")
    return Rates(*(median(worst(fleet, name) for fleet in fleets) for name in names))
