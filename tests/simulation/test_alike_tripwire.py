"""The simulator's tripwire notices as late as the real one, and what a home gains by it."""

from dataclasses import replace

import pytest

from cadence_exporter.model.address import Family
from cadence_exporter.model.wakeup import Reason
from cadence_exporter.observe.listeners import tripwire as real
from cadence_exporter.simulate import tripwire as pretend
from cadence_exporter.simulate.faults_line import renumbered_quietly
from cadence_exporter.simulate.faults_services import stun_dead
from cadence_exporter.simulate.home import PLAIN
from cadence_exporter.simulate.world import World

SILENT_ROUTER = replace(PLAIN, speaks_natpmp=False)


class Least:
    """No chance in it: everything lasts and waits as long as it can."""

    def uniform(self, _least, most):
        return most


@pytest.fixture
def home():
    world = World(SILENT_ROUTER, 1, 86_400.0)
    world.rings = []
    world.doorbell.ring = lambda reason: world.rings.append((reason, world.clock.true))
    world.tripwire.restart()
    world.pass_time(100.0)
    assert world.rings == []
    return world


def test_they_ask_as_often():
    assert pretend.EVERY_S == real.EVERY_S + real.EVERY_SPREAD_S / 2
    assert pretend.GIVE_UP_S == real.GIVE_UP_S
    assert pretend.SILENT_EVERY_S == real.GIVE_UP_S + real.SILENT_PAUSE_S
    assert pretend.IDLE_EVERY_S == real.GIVE_UP_S + real.IDLE_PAUSE_S


def test_a_new_address_rings_with_the_next_question_and_is_the_last_word(home):
    before = home.line.leased[Family.IPV4]
    home.line.lease(Family.IPV4, before + 1)
    home.pass_time(pretend.EVERY_S + 0.1)
    ((reason, at),) = home.rings
    assert reason is Reason.TRIPWIRE
    assert at <= 100.0 + pretend.EVERY_S + 0.1
    word = home.tripwire.word(home.clock.monotonic())
    assert (word.address, word.is_fresh) == (before + 1, True)


def test_a_cut_rings_after_the_repeated_question_and_its_end_within_three_seconds(home):
    home.line.cuts.add("cut")
    home.pass_time(60.0)
    home.tripwire.path(home.clock.monotonic(), works=False)
    home.line.cuts.lift("cut")
    home.pass_time(pretend.SILENT_EVERY_S + 0.1)
    begun, ended = (at - 100.0 for _, at in home.rings)
    assert pretend.GIVE_UP_S <= begun <= pretend.EVERY_S + pretend.GIVE_UP_S
    assert 60.0 <= ended <= 60.1 + pretend.SILENT_EVERY_S
    home.pass_time(100.0)
    assert len(home.rings) == 2


def test_while_it_is_silent_its_word_grows_old(home):
    home.line.cuts.add("cut")
    home.pass_time(40.0)
    assert not home.tripwire.word(home.clock.monotonic()).is_fresh


def test_servers_that_are_dead_ring_once_when_the_looks_find_the_path_working(home):
    stun_dead(home, Least())
    home.pass_time(15.0)
    assert len(home.rings) == 1
    home.tripwire.path(home.clock.monotonic(), works=True)
    home.pass_time(86_000.0)
    assert len(home.rings) == 1


def test_a_home_without_one_hears_nothing():
    world = World(replace(SILENT_ROUTER, tripwire=False), 1, 86_400.0)
    world.tripwire.restart()
    rings = []
    world.doorbell.ring = rings.append
    renumbered_quietly(world, world.tripwire._dice)
    world.pass_time(600.0)
    assert (rings, world.tripwire.word(world.clock.monotonic())) == ([], None)
