"""The production loop in the pretend home: named stories, hundreds of storms, and the seeds that once broke a promise."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from cadence_exporter.simulate.calm import RIGHT_WITHIN_S, Calm
from cadence_exporter.simulate.checkers import OnlyTrueAddresses
from cadence_exporter.simulate.dice import dice
from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.run import DAY_S, Simulation
from cadence_exporter.simulate.scenarios import SCENARIOS
from cadence_exporter.simulate.services import Lies
from cadence_exporter.simulate.weather import KINDS, swarm
from cadence_exporter.simulate.world import Crash
from tests.simulation.seeds import simulation

SEEDS_A_TEST = 20
DAYS = 0.6


def kept(account):
    assert account.broken == [], f"seed {account.seed}"
    assert account.up_after_cycles is not None, f"seed {account.seed}: nothing was seen of the calm"


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: scenario.name)
def test_a_scenario_keeps_every_promise(scenario):
    run = Simulation(scenario.home, 1, scenario.days, scenario.rates)
    account = run.run()
    kept(account)
    assert set(account.faults) >= {name for name, rate in scenario.rates.items() if rate * scenario.days > 10}


@pytest.mark.parametrize("first", range(0, 300, SEEDS_A_TEST))
def test_a_storm_of_any_faults_keeps_every_promise(first):
    for seed in range(first, first + SEEDS_A_TEST):
        kept(simulation(seed, DAYS).run())


PINNED = {
    (4, 2.0): "a cycle longer than its wait gave the next regular look up for a much later one",
    (1180, 3.0): "the daily budget did not hold for a change that stayed invisible",
    (1_002_016, 5.0): "a disk that is full for more than a day let writes of two days count as of one",
    (1_000_141, 10.9575): "a host that slept in the middle of a cycle wrote what it had read hours before",
}


@pytest.mark.parametrize(("seed", "days"), PINNED, ids=PINNED.values())
def test_what_a_storm_once_found_stays_fixed(seed, days):
    kept(simulation(seed, days).run())


def test_writes_made_while_the_clock_was_years_ahead_do_not_hold_the_home_for_years():
    for seed in (35, 38):
        spec = replace(SCENARIOS["quiet-month"].home, max_changes_per_day=6)
        kept(Simulation(spec, seed, 3.0, {"clock_forward": 4.0, "renumbered": 20.0, "there_and_back": 5.0}).run())


def test_there_are_enough_kinds_of_faults_and_each_is_drawn_and_described():
    assert len(KINDS) >= 45
    assert all(fault.__doc__ for fault in KINDS.values())
    drawn = [swarm(dice(seed, "swarm")) for seed in range(40)]
    assert {name for each in drawn for name in each} == set(KINDS)
    assert len({tuple(each) for each in drawn}) == len(drawn)


def test_every_kind_of_fault_by_itself_keeps_every_promise():
    for name in KINDS:
        account = Simulation(SCENARIOS["quiet-month"].home, 7, 0.5, {"renumbered": 6.0, name: 24.0}).run()
        kept(account)
        assert account.faults[name] > 0


def test_with_as_many_liars_as_the_quorum_the_home_is_lost_and_the_promise_says_so():
    run = Simulation(replace(SCENARIOS["quiet-month"].home, speaks_natpmp=False), 3, 0.2, {})
    lie = Lies(lambda _family: ip_address("93.184.216.34"))
    run.world.after(3600.0, lambda: [lies.add(lie) for operator, lies in run.world.lies.items() if operator != "ipify"])
    broken = run.run().broken
    assert broken[0].promise == OnlyTrueAddresses.promise


def test_a_host_that_sleeps_beyond_the_end_of_the_storm_is_seen_to_recover():
    runs = [Simulation(PLAIN, seed, 0.2, {"suspended": 40.0, "renumbered": 20.0}) for seed in range(6)]
    for run in runs:
        kept(run.run())
    assert any(run.calm.began > 0.2 * DAY_S + 60.0 for run in runs)


def test_a_calm_that_never_comes_is_a_broken_promise(monkeypatch):
    monkeypatch.setattr(Simulation, "_calm_begins", lambda self: setattr(self.world.doorbell, "until", 0.0))
    assert [each.promise for each in Simulation(PLAIN, 1, 0.1, {}).run().broken] == [Calm.promise]


def test_a_zone_that_is_put_right_too_late_is_a_broken_promise():
    run, key = Simulation(PLAIN, 1, 0.1, {}), PLAIN.records[0].key
    at = 0.1 * DAY_S + RIGHT_WITHIN_S - 1.0
    run.world.after(at, lambda: run.world.zone.by_hand(key, ("93.184.216.34",)), lasting=True)
    broken = run.run().broken
    assert "not right after" in broken[0].what


def test_a_host_that_is_off_when_the_storm_ends_has_its_calm_when_it_is_back():
    run = Simulation(PLAIN, 1, 0.1, {})
    off_s = 2 * RIGHT_WITHIN_S
    run.world.after(0.1 * DAY_S - 400.0, lambda: run.world.light_fuse(0, Crash(off_s=off_s, reboots=True)))
    kept(run.run())
    assert run.calm.began > 0.1 * DAY_S + off_s - 500.0
