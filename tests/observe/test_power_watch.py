"""When the switch and the UPS are asked."""

from dataclasses import replace

import pytest

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.instants import Instant, Now, WallTime, later
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.observation import Answered, Failed, FailureReason
from cadence_exporter.model.power import Identity, PowerReading
from cadence_exporter.model.recovery import RecoveryMemory, Unfinished
from cadence_exporter.model.ups import UpsReading
from cadence_exporter.observe.power_watch import EVERY_S, PowerGear, PowerWatch

NOW = Now(Instant(1000.0), WallTime(1e9))
UP = Memory(Phase.UP, NOW)
DOWN = Memory(Phase.DOWN, NOW)
OWED = replace(UP, recovery=RecoveryMemory(unfinished=Unfinished(NOW, 30.0)))


class Started:
    """Lanes that ask at once."""

    def start(self, lane, source, ask):
        try:
            return Answered(source, ask(), 0.0)
        except ProbeFailed as failed:
            return Failed(source, failed.reason, failed.detail, 0.0)


class Switch:
    name = "shelly"

    def __init__(self):
        self.asked = 0
        self.trouble = None

    def identify(self, deadline):
        self.asked += 1
        if self.trouble:
            raise ProbeFailed(FailureReason.CONTENT, self.trouble)
        return Identity("a8032abe54dc", "plug", "1")

    def is_on(self, deadline):
        return PowerReading(on=True, watts=9.5)


class Ups:
    def read(self, deadline):
        return UpsReading(on_battery=False, low_battery=False, charge=1.0, runtime_s=None, flags=frozenset({"OL"}))


@pytest.fixture
def switch():
    return Switch()


def watch(switch, **gear):
    return PowerWatch(PowerGear(switch, **gear), Started())


def look(watch_, memory, after_s=0.0):
    now = replace(NOW, instant=later(NOW.instant, after_s))
    return watch_.start_plug(memory, now, later(now.instant, 5.0))


def test_a_healthy_home_asks_its_switch_once_an_hour(switch):
    watched = watch(switch, automatic=True)
    for after_s in (0.0, 60.0, EVERY_S - 1.0):
        look(watched, UP, after_s)
    assert switch.asked == 1
    look(watched, UP, EVERY_S)
    assert switch.asked == 2


def test_while_it_may_be_needed_it_is_asked_each_time(switch):
    watched = watch(switch, automatic=True)
    for after_s in (0.0, 30.0, 60.0):
        look(watched, DOWN, after_s)
    assert switch.asked == 3


def test_one_that_only_people_use_is_asked_when_they_want_it_and_until_a_bounce_was_seen_to_end(switch):
    wanted = []
    watched = watch(switch, bounce_asked=lambda: bool(wanted))
    assert look(watched, DOWN) is None
    assert look(watched, OWED) is not None
    wanted.append(1)
    assert look(watched, UP) is not None


def test_the_right_device_is_seen_with_its_relay_and_another_one_is_a_failed_reading(switch):
    watched = watch(switch, automatic=True)
    assert look(watched, DOWN).value.reading == PowerReading(on=True, watts=9.5)
    switch.trouble = "another device answers"
    assert look(watched, DOWN).detail == "another device answers"


def test_a_ups_is_asked_with_each_look_and_without_one_nobody_is():
    assert PowerWatch(PowerGear(ups=Ups()), Started()).start_ups(later(NOW.instant, 5.0)).value.charge == 1.0
    nothing = PowerWatch(PowerGear(), Started())
    assert nothing.start_ups(NOW.instant) is None
    assert nothing.start_plug(OWED, NOW, NOW.instant) is None
