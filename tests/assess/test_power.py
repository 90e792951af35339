"""What one observation says about the modem's power: what was not asked, or did not answer, permits nothing."""

from dataclasses import replace

import pytest

from cadence_exporter.assess.power import view
from cadence_exporter.model.memory import Memory, Phase
from cadence_exporter.model.observation import Answered, Failed, FailureReason
from cadence_exporter.model.power import Identity, PlugSeen, PowerReading
from cadence_exporter.model.recovery import NOTHING_SEEN, PowerView, RecoveryMemory
from cadence_exporter.model.ups import UpsReading
from tests.assess.test_fault import LINK, NO_LINK, look
from tests.decide.cases import at

OURS, STRANGER = "a8032abe54dc", "a8032abe0000"
ON = PowerReading(on=True, watts=9.5)
SILENT = Failed("plug", FailureReason.TIMEOUT, "the device does not answer", 3.0)


def memory(identity=None):
    return Memory(Phase.DOWN, at(0), recovery=RecoveryMemory(identity=identity))


def plug(id_=OURS):
    return Answered("plug", PlugSeen(Identity(id_, "S3PL", "1.4"), ON), 0.1)


def ups(*, on_battery=False, low_battery=False):
    return Answered("ups", UpsReading(on_battery, low_battery, 0.9, 1200.0, frozenset()), 0.1)


def seen(before=None, pinned=None, **more):
    return view(look(**more), before or memory(), pinned)


@pytest.mark.parametrize(("link", "works"), [(None, None), (LINK, True), (NO_LINK, False)])
def test_the_own_link_is_told_with_a_plug_and_without_one(link, works):
    assert seen(link=link) == replace(NOTHING_SEEN, link_up=works)
    assert seen(link=link, plug=plug()).link_up is works


def test_a_device_that_answers_is_told_with_its_relay_and_its_id():
    assert seen(plug=plug()) == PowerView(link_up=True, plug=ON, plug_id=OURS)


def test_a_device_that_does_not_answer_or_was_not_asked_has_no_relay():
    assert seen(plug=SILENT) == PowerView(link_up=True, plug="the device does not answer")
    assert seen(ups=ups()) == PowerView(link_up=True, on_mains=True)


@pytest.mark.parametrize(("on_battery", "low_battery"), [(False, False), (True, False), (True, True), (False, True)])
def test_the_ups_is_believed_when_it_answers(on_battery, low_battery):
    told = seen(ups=ups(on_battery=on_battery, low_battery=low_battery))
    assert (told.on_mains, told.low_battery) == (not on_battery, low_battery)


def test_a_ups_that_does_not_answer_says_nothing_of_mains_or_battery():
    assert seen(plug=plug(), ups=SILENT) == PowerView(link_up=True, plug=ON, plug_id=OURS)


@pytest.mark.parametrize(("before", "pinned"), [(OURS, None), (None, OURS), (OURS, OURS), (STRANGER, OURS)])
def test_only_the_device_that_is_known_is_believed_and_the_settings_know_best(before, pinned):
    assert seen(memory(before), pinned, plug=plug()).plug == ON
    other = seen(memory(before), pinned, plug=plug(STRANGER))
    assert other.plug == (
        f"another device answers: {STRANGER} in place of {OURS}" if (pinned or before) == OURS else ON
    )
    assert other.plug_id == STRANGER


def test_a_device_that_tells_no_id_is_believed_and_never_becomes_the_known_one():
    told = seen(memory(OURS), plug=plug(""))
    assert (told.plug, told.plug_id) == (ON, None)
