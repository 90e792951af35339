"""Whether a layer of the tests finds what is planted, and after how much of its work. Within the budget of ``make test``."""

import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import process_time

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from cadence_exporter.record.state.schema import Damaged
from tests.crash.conftest import IN_MEMORY
from tests.crash.damage import flipped, kinds
from tests.crash.recovery import recover
from tests.crash.story import SPEC, Deaf, HomeWorld, Life
from tests.crash.test_crash_points import FULL, disks, told
from tests.exhaustive.abstract import search_policy
from tests.exhaustive.life_of_a_record import LifeOfARecord
from tests.exhaustive.life_of_a_store import LifeOfAStore
from tests.exhaustive.search import explore
from tests.exhaustive.test_life_of_a_record import FOUND_WITHIN
from tests.exhaustive.test_machines import FEW_LIVES, LIVES, LifeOfDecisions
from tests.exhaustive.test_state_space import INPUTS
from tests.exhaustive.test_verdicts import check
from tests.sensitivity import planted as named
from tests.sensitivity import power_layers
from tests.sensitivity.planted import Planted
from tests.simulation.defects import Defect

SEEDS = range(60)
SEEDS_S = 20.0
"""Of CPU. A defect that makes the loop spin would take minutes for each of its seeds."""
EVERY_DISK = 10
"""In its tests the crash layer recovers from every disk."""
BITS_TRIED = 400

Find = Callable[[Planted, Path], str | None]
"""What was found, in a few words; None when nothing was."""


def simulation(planted: Planted, _folder: Path) -> str | None:
    defect = Defect(planted.name.replace(" ", "_"), planted.plant)
    began = process_time()
    for number, seed in enumerate(SEEDS):
        if process_time() - began > SEEDS_S:
            break
        account = defect.broken(seed)
        if account is not None:
            return f"{number + 1} seed{'s' * (number > 0)}"
    return None


def exhaustive(_planted: Planted, _folder: Path) -> str | None:
    return _broken(lambda: explore(search_policy(), INPUTS))


def verdicts(_planted: Planted, _folder: Path) -> str | None:
    return _broken(lambda: check(2))


def machine(lives, budget) -> Find:
    return lambda _planted, _folder: _broken(lambda: run_state_machine_as_test(lives, settings=budget))


def crash_points(_planted: Planted, folder: Path) -> str | None:
    try:
        points = told(folder / "told")
    except AssertionError:
        return "the story"
    life = Life(HomeWorld(SPEC, 1, 0.0), folder / "state", Deaf())
    synced = life.store._connection.execute("PRAGMA synchronous").fetchone()[0] >= FULL
    life.die()
    if not synced:
        return "not synced"
    for number, (point, left) in enumerate(list(disks(points))[::EVERY_DISK]):
        if recover(folder / "left", point, left):
            return f"{number + 1} disk{'s' * (number > 0)}"
    return None


def bits(_planted: Planted, folder: Path) -> str | None:
    chance = Random(11)  # noqa: S311 - repeatable
    with pytest.MonkeyPatch.context():
        points = told(folder / "told")
    for name in ("database", "copy", "log"):
        try:
            damage = kinds(folder / name, points)[name]
            content = damage.files[damage.name]
            state = content.find(b"cadence_loop_iterations_total")
            tried = [*range(8 * state, 8 * state + 320), *chance.sample(range(8 * len(content)), BITS_TRIED)]
            damage.try_all(flipped(content, tried))
        except (AssertionError, Damaged, sqlite3.Error, KeyError, ValueError):
            return name
    return None


def _broken(search: Callable[[], object]) -> str | None:
    try:
        search()
    except AssertionError:
        return "found"
    return None


def _generated(budget: settings) -> settings:
    return settings(budget, phases=("generate",), print_blob=False)


FINDS: dict[str, Find] = {
    named.SIMULATION: simulation,
    named.EXHAUSTIVE: exhaustive,
    named.VERDICTS: verdicts,
    named.DECISIONS: machine(LifeOfDecisions, _generated(LIVES)),
    named.RECORD: machine(LifeOfARecord, FOUND_WITHIN),
    named.STORE: machine(LifeOfAStore, _generated(FEW_LIVES)),
    named.CRASH: crash_points,
    named.BITS: bits,
    named.GUARDS: power_layers.alone,
    named.OUTAGES: power_layers.outages,
    named.POWER_STATES: power_layers.states,
    named.POWER_LIVES: power_layers.lives,
    named.BOUNCES: power_layers.bounces,
}


def show(planted: Planted, layer: str) -> tuple[str | None, float]:
    """What the layer found with the defect planted, and after how many seconds of CPU."""
    began = process_time()
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder,
    ):
        planted.plant(patch)
        return FINDS[layer](planted, Path(folder)), process_time() - began
