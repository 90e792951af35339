"""Killed at every step of a bounce, with and without a reboot: the power comes back each time, and the cooldown holds."""

import pytest

from cadence_exporter.simulate.home_power import BRAVE
from cadence_exporter.simulate.run import Simulation
from cadence_exporter.simulate.scenarios_power import POWER_STORIES
from cadence_exporter.simulate.world import Crash

INSTANTS = 150
HUNG_AT_S = 3600.0


@pytest.mark.parametrize("reboots", [False, True], ids=["killed", "rebooted"])
@pytest.mark.parametrize("home", ["modem-hangs", "plug-on-the-network-it-cuts", "no-timer"])
def test_killed_at_each_boundary_the_power_comes_back(home, reboots):
    cuts = died_in_the_middle = 0
    for step in range(INSTANTS // 3):
        run = Simulation(POWER_STORIES[home].home or BRAVE, 4, 0.12, {})
        world = run.world
        world.after(HUNG_AT_S, world.power.modem.hang)
        # The intent is the first thing on the way to a bounce: from there on each boundary of the next cycles is one instant.
        begun = world.disk.commit_intent

        def intent(memory, world=world, begun=begun, step=step, run=run):
            if memory.recovery.unfinished is not None and not run.account.crashes:
                world.light_fuse(step, Crash(off_s=3.0, reboots=reboots))
            begun(memory)

        world.disk.commit_intent = intent
        account = run.run()
        assert account.broken == [], f"step {step}"
        assert account.crashes == 1
        assert world.power.plug.power_on
        cuts += len(world.power.diary.cuts)
        died_in_the_middle += any(text.startswith("crash") for _, text in account.story)
    assert cuts >= INSTANTS // 3 - 20
