"""Power recovery in the pretend home: what it is for, what it must never do, and that the dead modem is bounced in the end."""

import itertools
from dataclasses import replace

import pytest

from cadence_exporter.model.memory import Phase
from cadence_exporter.simulate.home_power import BRAVE, DEFAULTS
from cadence_exporter.simulate.run import Simulation
from cadence_exporter.simulate.scenarios_power import POWER_STORIES
from cadence_exporter.simulate.weather import POWER_KINDS
from tests.simulation.outage_seeds import tempted
from tests.simulation.power_defects import POWER_DEFECTS

HOUR_S = 3600.0
TRACED_S = 120.0 + 60.0
"""A trace each two minutes of an outage, and a look at its result."""


def kept(account):
    assert account.broken == [], f"seed {account.seed}"


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_tempted_homes_keep_every_promise(first):
    for seed in range(first, first + 20):
        kept(tempted(seed, 0.7).run())


ONCE_BROKE = {
    5_002_125: "a plug that restarted in the middle forgot its timer, and a look was under way when it was due",
}
"""Seeds of the long programme."""


@pytest.mark.parametrize("seed", ONCE_BROKE)
def test_homes_in_which_a_promise_once_broke_keep_it(seed):
    kept(tempted(seed, 2.0).run())


@pytest.mark.parametrize("story", ["modem-hangs", "plug-on-the-network-it-cuts", "slow-modem"])
def test_a_modem_that_hangs_is_brought_back_by_a_bounce(story):
    told = POWER_STORIES[story]
    run = Simulation(told.home, 1, told.days, told.rates)
    kept(run.run())
    assert run.world.power.modem.revived > 5


def test_a_dead_modem_is_bounced_within_escalation_and_a_trace_and_is_up_when_it_has_booted():
    run = Simulation(BRAVE, 5, 1.0, {})
    run.world.after(2 * HOUR_S, run.world.power.modem.hang)
    kept(run.run())
    (cut,) = run.world.power.diary.cuts
    assert DEFAULTS.escalation_s <= cut.at - 2 * HOUR_S <= 190.0 + DEFAULTS.escalation_s + TRACED_S
    assert run.world.power.modem.revived == 1


def test_one_that_hangs_again_after_each_boot_is_bounced_with_doubling_pauses_within_the_budget():
    run = Simulation(BRAVE, 5, 2.0, {})
    modem = run.world.power.modem

    def dies():
        modem.hang()
        run.world.after(60.0, dies)

    run.world.after(HOUR_S, dies)
    kept(run.run())
    cuts = [cut.at for cut in run.world.power.diary.cuts]
    gaps = [after - before for before, after in itertools.pairwise(cuts)]
    assert len(cuts) >= DEFAULTS.max_per_day
    assert all(gap >= DEFAULTS.cooldown_s * 2**number for number, gap in enumerate(gaps[:4]))


def test_a_rehearsal_says_what_it_would_have_done_and_the_relay_never_moves():
    told = POWER_STORIES["rehearsal"]
    run, results = Simulation(told.home, 1, 7.0, told.rates), []

    class Results:
        name = "results"

        def record(self, cycle):
            if cycle.power is not None:
                results.append(cycle.power.result.value)

    run.recorders.append(Results())
    kept(run.run())
    assert "rehearsed" in results
    assert [on for _, on in run.world.power.plug.history] == [True]


def test_the_same_seed_tells_the_same_story():
    assert tempted(3, 1.0).run().digest == tempted(3, 1.0).run().digest


def test_a_home_without_recovery_has_nothing_of_it():
    run = Simulation(replace(BRAVE, recovery=None), 1, 0.2, {"flap": 20.0})
    kept(run.run())
    assert run.world.power is None
    assert run.power_checkers == []


def test_low_battery_ends_the_process_and_it_is_back_with_the_mains():
    told = POWER_STORIES["mains-and-battery"]
    run = Simulation(told.home, 2, 0.5, {})
    run.world.after(2 * HOUR_S, run.world.power.mains_fail)
    run.world.after(2 * HOUR_S + 1700.0, run.world.power.mains_return)
    run.keep_story = True
    account = run.run()
    kept(account)
    assert sum(text.startswith("crash off=10.0") for _, text in account.story) == 1
    assert run._memory.phase is Phase.UP


def test_every_kind_of_fault_is_told_and_befalls_somebody():
    assert all(fault.__doc__ for fault in POWER_KINDS.values())
    told = {name for story in POWER_STORIES.values() for name in story.rates}
    befallen = {name for seed in range(12) for name in tempted(seed, 0.3).weather.rates}
    assert set(POWER_KINDS) <= told | befallen


@pytest.mark.parametrize("defect", POWER_DEFECTS, ids=lambda defect: defect.name)
def test_a_planted_defect_of_the_power_is_found(monkeypatch, defect):
    defect.plant(monkeypatch)
    account = defect.find()
    assert account is not None
    assert any(defect.promise in each.promise for each in account.broken), account.broken[:2]
