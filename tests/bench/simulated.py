"""How fast the simulator is: ``python -m tests.bench.simulated``. Uncompiled, one thread, in CPU seconds: other work does not count."""

import platform
import sys
from collections.abc import Iterator, Mapping
from multiprocessing import get_context
from statistics import median
from time import process_time

from cadence_exporter.decide import decide
from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.run import Simulation
from cadence_exporter.simulate.scenarios import SCENARIOS
from tests.bench.figures import Figure

RUNS = 7
DAYS = 100.0
YEAR_DAYS = 365.0
LONGEST_CYCLE_US = 50.0
"""20,000 cycles a second."""
LONGEST_YEAR_S = 30.0
HOMES: Mapping[str, Mapping[str, float]] = {
    "a quiet home without any weather": {},
    "quiet-month": SCENARIOS["quiet-month"].rates,
}


def figures() -> Iterator[Figure]:
    """Each home in a process of its own: what a process did before makes it slower."""
    for name, rates in HOMES.items():
        with get_context("spawn").Pool(1) as pool:
            cycles, took = pool.apply(measured, (rates,))
        speeds = sorted(cycles / seconds for seconds in took)
        spread = f"{median(speeds):,.0f} cycles a second, {speeds[0]:,.0f} to {speeds[-1]:,.0f} in {RUNS} runs"
        cycle_us = 1e6 * median(took) / cycles
        yield Figure("Simulator", f"{name}, a cycle, median", cycle_us, "us", LONGEST_CYCLE_US, spread)
        yield Figure("Simulator", f"{name}, a year", median(took) * YEAR_DAYS / DAYS, "s", LONGEST_YEAR_S)


def measured(rates: Mapping[str, float]) -> tuple[int, list[float]]:
    """The cycles of one run, and what each run took."""
    if not str(decide.__file__).endswith(".py"):
        sys.exit("the package is compiled: this measures what is shipped")
    took = []
    for _ in range(RUNS):
        began = process_time()
        cycles = Simulation(PLAIN, 1, DAYS, rates).run().cycles
        took.append(process_time() - began)
    return cycles, took


if __name__ == "__main__":
    print(f"{platform.python_implementation()} {platform.python_version()}, one core")
    for figure in figures():
        print(f"{figure.name:<55} {figure.value:6.1f} {figure.unit:<3} {figure.verdict}  {figure.note}".rstrip())
