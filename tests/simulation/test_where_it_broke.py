"""Where it broke, told by the loop in pretend homes whose world knows: right when it is named, and named nearly always."""

from collections import Counter

import pytest

from cadence_exporter.assess import fault, way_out
from cadence_exporter.assess.fault import WHILE_THE_PATH_FAILS, Rule
from cadence_exporter.assess.way_out import Reach
from cadence_exporter.model.assessment import FaultLayer, Link
from cadence_exporter.simulate.run import Simulation
from cadence_exporter.simulate.scenarios import SCENARIOS
from tests.simulation.seeds import simulation

EVERYWHERE = SCENARIOS["everywhere"]
PROMISE = "names no layer but the one where it is broken"


class Noted:
    """Truth and word of each cycle."""

    name = "noted"

    def __init__(self, run):
        self._world = run.world
        self.of_outages = Counter()
        self.while_up = Counter()

    def record(self, cycle):
        truth = self._world.way_out.truths
        if cycle.assessment.wan is Link.DOWN and len(truth) == 1:
            self.of_outages[next(iter(truth)), cycle.assessment.fault] += 1
        elif cycle.assessment.wan is Link.UP:
            self.while_up[cycle.assessment.fault] += 1


def everywhere(seed, days=4.0):
    run = Simulation(EVERYWHERE.home, seed, days, EVERYWHERE.rates)
    noted = Noted(run)
    run.recorders.append(noted)
    return run.run(), noted


def test_each_layer_is_named_and_seldom_anything_stays_unnamed():
    account, noted = everywhere(3, days=8.0)
    assert account.broken == []
    for layer in (FaultLayer.HOST, FaultLayer.LAN, FaultLayer.ACCESS, FaultLayer.ISP, FaultLayer.UPSTREAM):
        assert noted.of_outages[layer, layer] > 0, layer
        assert noted.of_outages[layer, layer] >= 8 * noted.of_outages[layer, None], (layer, noted.of_outages)
    assert {FaultLayer.DNS, FaultLayer.REMOTE} <= noted.while_up.keys()


def planted(rows):
    """The table with some of its rows replaced, by what they say."""
    return tuple(rows.get(rule.why, rule) for rule in WHILE_THE_PATH_FAILS)


def a_silent_router_is_the_line(patch):
    rule = Rule(
        FaultLayer.ACCESS,
        "the router does not answer",
        next(rule for rule in WHILE_THE_PATH_FAILS if rule.layer is FaultLayer.LAN).applies,
    )
    patch.setattr(fault, "WHILE_THE_PATH_FAILS", planted({rule.why: rule}))


def the_routers_word_needs_no_trace(patch):
    patch.setattr(
        fault,
        "WHILE_THE_PATH_FAILS",
        (Rule(FaultLayer.ACCESS, "its word", lambda e: e.router_alive and e.router_has_no_wan), *WHILE_THE_PATH_FAILS),
    )


def what_lies_beyond_is_the_isp(patch):
    patch.setattr(way_out, "_whose", lambda *_: Reach.ISP)


@pytest.mark.parametrize(
    "plant",
    [a_silent_router_is_the_line, the_routers_word_needs_no_trace, what_lies_beyond_is_the_isp],
)
def test_a_planted_defect_is_found(plant, monkeypatch):
    plant(monkeypatch)
    for seed in range(40):
        account, _ = everywhere(seed)
        if any(each.promise == PROMISE for each in account.broken):
            return
    pytest.fail("40 homes and nobody noticed")


@pytest.mark.parametrize("seed", range(6))
def test_in_any_home_and_weather_no_wrong_layer_is_named(seed):
    assert [each for each in simulation(seed + 1000, 1.0).run().broken if each.promise == PROMISE] == []
