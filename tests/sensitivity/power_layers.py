"""Whether the tests of the modem's power find what is planted. Within the budget of ``make test``, or near it."""

from pathlib import Path
from time import process_time

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from cadence_exporter.loop import Loop
from cadence_exporter.model.power import Proof
from cadence_exporter.simulate.run import Simulation
from cadence_exporter.simulate.scenarios_power import POWER_STORIES
from tests.crash.bounce_story import disks_of, recover_power, tell_bounces
from tests.crash.test_bounce_crash_points import EVERY
from tests.decide import test_recovery as guardrails
from tests.exhaustive.test_power import LIVES, LifeOfPower, explore
from tests.sensitivity.planted import Planted
from tests.simulation.outage_seeds import tempted
from tests.simulation.power_defects import HANGS

STATES = 1_500
HOMES = 60
STORY_DAYS, STORIES_OF_EACH = 3.0, 2
SIMULATED_S = 30.0
"""Of CPU."""
MORE = dict.fromkeys(("crash", "killed_in_the_middle", "clock_jumps_after_the_cut", "clock_forward", "reload"), 4.0)


def outages(_planted: Planted, _folder: Path) -> str | None:
    """Stories of how it went wrong in the field first, then homes in tempting weather."""
    began = process_time()
    for number, run in enumerate(_runs(), 1):
        if process_time() - began > SIMULATED_S:
            return None
        if run.run().broken:
            return f"{number} home{'s' * (number > 1)}"
    return None


def _runs():
    for seed in range(STORIES_OF_EACH):
        for story in POWER_STORIES.values():
            yield Simulation(story.home, seed, STORY_DAYS, {**HANGS, **MORE, **story.rates})
    for seed in range(HOMES):
        yield tempted(seed, 2.0)


def alone(_planted: Planted, _folder: Path) -> str | None:
    """Each guardrail in the situation in which it alone refuses."""
    try:
        for reason in guardrails.ONE_OBJECTION:
            guardrails.test_each_guardrail_alone_keeps_the_power_on(reason)
        guardrails.test_recovery_that_is_switched_off_cuts_nothing()
    except AssertionError:
        return "found"
    return None


def states(_planted: Planted, _folder: Path) -> str | None:
    return _broken(lambda: explore(STATES))


def lives(_planted: Planted, _folder: Path) -> str | None:
    budget = settings(LIVES, phases=("generate",), print_blob=False)
    return _broken(lambda: run_state_machine_as_test(LifeOfPower, settings=budget))


def bounces(_planted: Planted, folder: Path) -> str | None:
    number = 0
    for proof in (Proof.TIMER, Proof.CONTROLLER):
        for disk in disks_of(tell_bounces(folder / f"told by {proof}", proof, Loop))[::EVERY]:
            number += 1
            if recover_power(folder / "left", proof, disk):
                return f"{number} disk{'s' * (number > 1)}"
    return None


def _broken(search) -> str | None:
    try:
        search()
    except AssertionError:
        return "found"
    return None
