"""The programme: many homes, years of fault-dense weather, and a report. ``python -m tests.simulation.long --years 10 --jobs 2``."""

import argparse
import math
import multiprocessing
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, process_time

import pytest

from cadence_exporter.simulate.checkers import CHECKERS
from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.run import Account, Simulation
from cadence_exporter.simulate.scenarios import SCENARIOS
from cadence_exporter.simulate.weather import KINDS
from tests.simulation.defects import DEFECTS
from tests.simulation.seeds import simulation
from tests.simulation.test_sensitivity import seeds_until_found

DAYS_A_YEAR = 365.25
REPORT = Path(__file__).parents[2] / "docs" / "SIMULATION.md"


@dataclass
class Totals:
    seeds: int = 0
    days: float = 0.0
    cycles: int = 0
    crashes: int = 0
    writes: int = 0
    outages: int = 0
    address_changes: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, account: Account) -> None:
        self.seeds += 1
        self.days += account.days
        self.cycles += account.cycles
        self.crashes += account.crashes
        self.writes += sum(account.writes.values())
        self.outages += account.outages
        self.address_changes += account.address_changes
        self.faults.update(account.faults)
        self.broken += [(account.seed, each.promise, each.what) for each in account.broken[:1]]


def one(task: tuple[int, float]) -> Account:
    return simulation(*task).run()


def programme(first: int, seeds: int, years: float, jobs: int, most_s: float) -> tuple[Totals, float]:
    """As many of the seeds as fit into ``most_s`` seconds."""
    days = years * DAYS_A_YEAR / seeds
    began, totals = monotonic(), Totals()
    with multiprocessing.Pool(jobs) as pool:
        for account in pool.imap(one, ((seed, days) for seed in range(first, first + seeds)), chunksize=4):
            totals.add(account)
            if account.broken_count:
                print(f"seed {account.seed}, {days:.4f} days: {account.broken[0]}", flush=True)
            if totals.seeds % 50 == 0:
                took_s = monotonic() - began
                sys.stderr.write(
                    f"\r{totals.seeds}/{seeds} seeds, {totals.days / DAYS_A_YEAR:.1f} years, "
                    f"{sum(totals.faults.values()):,} faults, {len(totals.broken)} broken, {took_s:.0f} s "
                )
            if monotonic() - began > most_s:
                pool.terminate()
                break
    sys.stderr.write("\n")
    return totals, monotonic() - began


def speed() -> list[tuple[str, str]]:
    """On one core, in CPU seconds: other work on the machine does not count."""
    rows = []
    for name, days, rates in (
        ("a quiet home without any weather", 100.0, {}),
        ("a simulated year of `quiet-month`", 365.0, SCENARIOS["quiet-month"].rates),
    ):
        began = process_time()
        cycles = Simulation(PLAIN, 1, days, rates).run().cycles
        took_s = process_time() - began
        rows.append((f"speed on one core: {name}", f"{cycles / took_s:,.0f} cycles a second, {took_s:.1f} s"))
    return rows


def sensitivity() -> list[tuple[str, str, str]]:
    found = []
    for defect in DEFECTS:
        patch = pytest.MonkeyPatch()
        defect.plant(patch)
        hit = seeds_until_found(defect)
        patch.undo()
        found.append((defect.name.replace("_", " "), str(hit[0]) if hit else "not found", hit[1] if hit else ""))
    return found


def report(totals: Totals, first: int, took_s: float, command: str, planted: list[tuple[str, str, str]]) -> str:
    years, faults = totals.days / DAYS_A_YEAR, sum(totals.faults.values())
    bound = 3.0 / years if not totals.broken else math.nan
    rows = [
        ("homes (seeds)", f"{totals.seeds:,}, from {first:,} on, {totals.days / totals.seeds:.3f} days of storm each"),
        ("simulated years of storms", f"{years:,.1f}"),
        ("faults injected", f"{faults:,} of {len(totals.faults)} kinds, {faults / totals.days:.0f} a day"),
        (
            "cycles of the production loop",
            f"{totals.cycles:,} ({totals.cycles / took_s:,.0f} a second on this machine)",
        ),
        ("crashes and power cuts", f"{totals.crashes:,}"),
        ("confirmed address changes", f"{totals.address_changes:,}"),
        ("outages", f"{totals.outages:,}"),
        ("write requests at the provider", f"{totals.writes:,}"),
        ("runs in which a promise was broken", f"**{len(totals.broken)}**"),
        *speed(),
    ]
    lines = [
        "# A pretend home on a virtual clock",
        "",
        "`cadence-exporter simulate` runs the production loop, its decisions and its reconciliation in a pretend home; only the seams",
        "(`cadence_exporter/seams.py`) are played. This page is written by the programme; its figures are those of one run.",
        "",
        f"Run on {datetime.now(UTC):%Y-%m-%d}: `{command}`, {took_s:.0f} s.",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in rows),
        "",
        *(
            [
                f"No run broke a promise: with 95 % confidence a promise breaks less than {bound:.2g} times a year of such weather",
                "(three divided by the years: the rule of three).",
            ]
            if not totals.broken
            else ["Broken:", ""]
        ),
        *(f"- seed {seed}: {promise}: {what}" for seed, promise, what in totals.broken),
        "",
        "## What is assumed",
        "",
        "- Fewer than `quorum` echo operators lie at a time. One that lags says what was true at most ten minutes ago.",
        "- The user has named the network of the VPN that the host's traffic may leave through.",
        "- Wall clocks jump by hours, years and to 1970. At a restart only the wall clock says how old a write is.",
        "- A disk that refuses the intent, followed by a crash, leaves a cache that may vouch for an overwritten record until it is",
        "  `cache_max_age` old. A state directory that is lost forgets the day's budget.",
        "- A request that the provider carries out after its caller gave up is an update, not a creation.",
        "",
        "## What is promised",
        "",
        *(f"- {checker.promise}" for checker in CHECKERS),
        "- after a storm: UP within 12 cycles; within about two hours the zone is right, resolvers show it and the belief is fresh (a day,",
        "  when the daily budget was spent)",
        "- no exception at any border of the loop, and the process does not end by itself",
        "",
        "## Planted defects",
        "",
        "Each is one mistake in the production code; how many storms of a day it took until a promise was broken, and which.",
        "",
        "| defect | seeds | promise |",
        "| --- | --- | --- |",
        *(f"| {name} | {seeds} | {promise} |" for name, seeds, promise in planted),
        "",
        "## The weather",
        "",
        "Each home draws a random subset of these, with random rates (swarm testing), from one seed.",
        "",
        "| fault | times | what |",
        "| --- | --- | --- |",
        *(
            f"| {name.replace('_', ' ')} | {totals.faults[name]:,} | {(fault.__doc__ or '').strip()} |"
            for name, fault in KINDS.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.long", description=__doc__)
    parser.add_argument("--years", type=float, default=300.0, help="simulated years of all homes together")
    parser.add_argument("--seeds", type=int, default=10_000, help="homes")
    parser.add_argument("--first", type=int, default=1_000_000, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--most-seconds", type=float, default=math.inf, help="end after this time with what there is")
    parser.add_argument("--report", type=Path, default=REPORT)
    options = parser.parse_args()
    totals, took_s = programme(options.first, options.seeds, options.years, options.jobs, options.most_seconds)
    command = "python -m tests.simulation.long " + " ".join(argument for argument in sys.argv[1:])
    options.report.write_text(report(totals, options.first, took_s, command.strip(), sensitivity()), encoding="utf-8")
    print(f"{totals.seeds} seeds, {totals.days / DAYS_A_YEAR:.1f} years, {len(totals.broken)} broken; {options.report}")
    return 1 if totals.broken else 0


if __name__ == "__main__":
    sys.exit(main())
