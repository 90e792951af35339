"""One setting at a time, in the same weather: the figures of docs/TUNING.md. ``python -m tests.simulation.tune --days 20 --seeds 10``."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.run import DAY_S, Simulation
from cadence_exporter.simulate.world import HomeSpec
from tests.simulation.compare import BAD_SERVICES, CALM, figures
from tests.simulation.judge import Judge, Marks

POLLS = replace(PLAIN, speaks_natpmp=False, tripwire=False)
"""Nobody tells of a change, so the waits decide when it is noticed."""
COLUMNS = ("p50 s", "p95 s", "max s", "calls an hour", "wrong", "min/year astray")


@dataclass(frozen=True)
class Variant:
    """One row: a home, and what is not as by default."""

    name: str
    home: HomeSpec = POLLS
    changes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


RHYTHM = (
    Variant("defaults"),
    Variant("defaults, with the tripwire", replace(POLLS, tripwire=True)),
    Variant("`loop.interval` 30s", changes={"interval_s": 30.0}),
    Variant("`loop.interval` 5m", changes={"interval_s": 300.0}),
    Variant("`loop.slow_factor` 1", changes={"slow_factor": 1.0}),
    Variant("`loop.slow_factor` 10", changes={"slow_factor": 10.0}),
    Variant("`loop.jitter` 60s", changes={"jitter_s": 60.0}),
    Variant("`loop.confirm_spacing` 30s", changes={"confirm_spacing_s": 30.0}),
    Variant("`public_ip.cross_check` 10m, with the tripwire", replace(POLLS, tripwire=True), {"cross_check_s": 600.0}),
    Variant("`dns.cache_max_age` 5m", changes={"cache_max_age_s": 300.0}),
)
TRUST = (
    Variant("defaults (quorum 2, confirmations 2)"),
    Variant("`public_ip.quorum` 1", changes={"quorum": 1}),
    Variant("`public_ip.quorum` 3", changes={"quorum": 3}),
    Variant("`loop.confirmations` 1", changes={"confirmations": 1}),
    Variant("`loop.confirmations` 4", changes={"confirmations": 4}),
    Variant("quorum 1 and confirmations 1", changes={"quorum": 1, "confirmations": 1}),
    Variant("`dns.max_changes_per_day` 2", changes={"max_changes_per_day": 2}),
)


def marks_of(variant: Variant, first: int, seeds: int, days: float, rates: Mapping[str, float]) -> Marks:
    """All homes of one variant together."""
    total = Marks()
    for seed in range(first, first + seeds):
        run = Simulation(variant.home, seed, days, rates)
        run.policy = replace(run.policy, **variant.changes)
        judge = Judge(run.world, days * DAY_S)
        run.run()
        total.add(judge.marks())
    return total


def table(variants: tuple[Variant, ...], options: argparse.Namespace, rates: Mapping[str, float]) -> None:
    """Printed as markdown, a row as soon as it is known."""
    print(f"| | {' | '.join(COLUMNS)} |\n| --- |{' ---: |' * len(COLUMNS)}")
    for variant in variants:
        found = figures(marks_of(variant, options.first, options.seeds, options.days, rates))
        cells = (f"{found[column]:,.10g}" if column in found else "-" for column in COLUMNS)
        print(f"| {variant.name} | {' | '.join(cells)} |", flush=True)
    print()


def main(argv: list[str] | None = None) -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=20.0)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    options = parser.parse_args(argv)
    table(RHYTHM, options, CALM)
    table(TRUST, options, BAD_SERVICES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
