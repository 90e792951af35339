"""``cadence-exporter simulate``: the same loop in a pretend home on a virtual clock."""

import difflib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from cadence_exporter.clock import SystemClock
from cadence_exporter.simulate.report import Title, as_dict, as_text
from cadence_exporter.simulate.run import Simulation
from cadence_exporter.simulate.sampler import Sampler
from cadence_exporter.simulate.scenarios import SCENARIOS, Scenario

BROKEN = 1
BAD_USAGE = 2
_BAR = 40


def simulate(name: str, days: float | None, seed: int, *, as_json: bool, metrics_out: Path | None) -> int:
    """Returns 0, 1 when a promise was broken, 2 when there is no such scenario or the file cannot be written."""
    scenario = SCENARIOS.get(name)
    if scenario is None:
        sys.stderr.write(_unknown(name))
        return BAD_USAGE
    try:
        out = metrics_out.open("w", encoding="utf-8") if metrics_out else None
    except OSError as error:
        sys.stderr.write(f"{metrics_out}: {error.strerror}\n")
        return BAD_USAGE
    clock = SystemClock()
    began = clock.monotonic()
    simulation = Simulation(scenario.home, seed, days or scenario.days, scenario.rates, tally=out is not None)
    simulation.keep_story = not as_json
    sampler = Sampler(simulation) if out else None
    account = simulation.run(_progress(sys.stderr, scenario))
    title = Title(scenario.name, scenario.about, clock.monotonic() - began)
    if out and sampler:
        try:
            with out:
                sampler.write(out)
        except OSError as error:  # a disk that is full
            sys.stderr.write(f"{metrics_out}: {error.strerror}\n")
            return BAD_USAGE
    if as_json:
        json.dump(as_dict(title, account), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(as_text(title, account))
    return BROKEN if account.broken_count else 0


def _progress(terminal: TextIO, scenario: Scenario) -> Callable[[float], None]:
    """A bar that is redrawn in place; nothing where nobody watches."""
    if not terminal.isatty():
        return lambda _share: None

    def show(share: float) -> None:
        filled = round(_BAR * share)
        end = "\r" + " " * (_BAR + len(scenario.name) + 10) + "\r" if share >= 1.0 else ""
        terminal.write(f"\r{scenario.name} {'█' * filled}{'░' * (_BAR - filled)} {100 * share:3.0f} %{end}")
        terminal.flush()

    return show


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, SCENARIOS, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"no scenario {name!r}{hint}\n{listed()}"


def listed() -> str:
    """Every scenario, one a line."""
    width = max(map(len, SCENARIOS))
    return "".join(f"  {each.name:<{width}}  {each.about}\n" for each in SCENARIOS.values())
