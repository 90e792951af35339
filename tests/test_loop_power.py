"""The loop while the modem's power is off by its hand: when it is turned on, what waits for that, and what nobody may forget."""

from dataclasses import replace

import pytest

from cadence_exporter import loop as loop_module
from cadence_exporter.equipment import Equipment
from cadence_exporter.model.recovery import (
    Ask,
    EnsureOn,
    PowerOutcome,
    PowerResult,
    RecoveryMemory,
    RecoveryPolicy,
    Request,
    Unfinished,
)
from cadence_exporter.model.wakeup import Reason, Wakeup
from tests.decide.cases import at, make_policy
from tests.test_loop import World, broken, due, make_loop

BEGIN_S = 100.0
PLUG = RecoveryPolicy(enabled=True, device="shelly")
CUT = Unfinished(at(BEGIN_S + 1.0), 30.0, real=True)
HINT = Wakeup(frozenset({Reason.NETLINK}))


class Home(World):
    """The power was cut a second after the process began."""

    def __init__(self, recovery=PLUG, result=PowerResult.SUCCESS, **then):
        super().__init__()
        self.asked = []
        self.result = result
        self.rung = []
        self.requests = []
        self.loop = make_loop(self, **then)
        around = replace(self.loop.around, requests=self.take)
        self.loop.around = around
        self.loop.equipment = Equipment(self, self.perform, make_policy(recovery=recovery), power=self.power)
        self.loop.memory = replace(self.loop.memory, recovery=RecoveryMemory(unfinished=CUT))
        self.seconds += 2.0

    def power(self, action):
        self.log.append("power")
        self.asked.append((self.seconds, action))
        return PowerOutcome(action, self.result, "", self.now(), 0.0)

    def take(self):
        taken, self.requests = tuple(self.requests), []
        return taken

    def wait(self, until):
        """Somebody rings at each of ``rung``; the last ring stops it."""
        if self.rung and self.rung[0][0] < until:
            self.seconds, wakeup = self.rung.pop(0)
            return wakeup
        self.seconds = max(self.seconds, float(until))
        return Wakeup(frozenset({Reason.DUE} if self.rung else {Reason.STOP}))


def held(home, wakeup):
    return home.loop._owed.hold(wakeup, home.loop.memory, home.loop.equipment.policy)


def looks(home):
    return [cycle.began.instant for cycle in home.cycles[::2]]


def test_no_look_begins_while_power_is_off():
    home = Home()
    home.loop.memory = replace(home.loop.memory, recovery=RecoveryMemory())
    home.rung = [(BEGIN_S + 4.0, HINT), (BEGIN_S + 25.0, HINT), (BEGIN_S + 500.0, Wakeup(frozenset({Reason.STOP})))]
    first = home.loop.cycle(due())
    home.loop.memory = replace(home.loop.memory, recovery=RecoveryMemory(unfinished=CUT))
    wakeup = held(home, home.wait(first))
    assert home.seconds == CUT.due
    assert wakeup.reasons == {Reason.NETLINK, Reason.DUE}, "and nobody who rang meanwhile is forgotten"
    home.loop.cycle(wakeup)
    assert home.asked == [(CUT.due, EnsureOn(CUT))]
    assert looks(home) == [BEGIN_S + 2.0, CUT.due]


@pytest.mark.parametrize("reason", [Reason.STOP, Reason.RELOAD])
def test_a_stop_and_new_settings_wait_for_nothing(reason):
    home = Home()
    home.rung = [(BEGIN_S + 4.0, Wakeup(frozenset({reason})))]
    assert held(home, HINT).reasons == {Reason.NETLINK, reason}
    assert home.seconds == BEGIN_S + 4.0


@pytest.mark.parametrize("recovery", [RecoveryPolicy(enabled=True), replace(PLUG, switch=False)])
def test_a_rehearsal_and_a_switch_that_is_gone_hold_nothing_up(recovery):
    home = Home(recovery)
    assert held(home, HINT) == HINT
    assert home.seconds == BEGIN_S + 2.0


def test_the_loop_itself_waits_like_that():
    home = Home()
    home.loop.memory = replace(home.loop.memory, started=at(BEGIN_S).instant)
    home.rung = [(BEGIN_S + 4.0, HINT), (BEGIN_S + 20.0, HINT), (BEGIN_S + 31.5, Wakeup(frozenset({Reason.STOP})))]
    home.loop.run()
    assert home.asked == [(CUT.due, EnsureOn(CUT))]
    assert looks(home) == [BEGIN_S + 2.0, CUT.due]


@pytest.mark.parametrize("result", [PowerResult.SUCCESS, PowerResult.DOUBTFUL])
def test_what_the_old_switch_did_at_a_reload_is_told_with_the_next_cycle(result):
    home = Home(result=result)
    without = Equipment(home, home.perform, make_policy())
    home.loop._reload = lambda: without
    home.loop._replace_equipment()
    home.loop.cycle(due())
    home.loop.cycle(due())
    told = [cycle.power for cycle in home.cycles[::2]]
    assert told[0] == PowerOutcome(EnsureOn(CUT), result, "", at(BEGIN_S + 2.0), 0.0)
    assert told[1] is None
    assert (home.loop.memory.recovery.unfinished is None) is (result is PowerResult.SUCCESS)


@pytest.mark.parametrize("result", [PowerResult.SUCCESS, PowerResult.DOUBTFUL])
def test_from_a_real_switch_to_a_rehearsal_the_doubt_stays_and_no_rehearsal_ends_it(result):
    home = Home(PLUG, result)
    rehearsal = Equipment(home, home.perform, make_policy(recovery=RecoveryPolicy(enabled=True)), power=home.power)
    home.loop._reload = lambda: rehearsal
    home.loop._replace_equipment()
    home.seconds = CUT.due + 1.0
    home.loop.cycle(due())
    assert home.asked == [(BEGIN_S + 2.0, EnsureOn(CUT))], "the rehearsal was not asked"
    doubt = result is PowerResult.DOUBTFUL
    assert (home.loop.memory.recovery.unfinished is not None) is doubt


def test_a_bug_in_judgement_forgets_no_request_no_due_power_and_nothing_that_was_done(monkeypatch):
    home = Home()
    home.seconds = CUT.due
    home.requests = [Request(Ask.MAINTENANCE_ON, 3600.0)]
    monkeypatch.setattr(loop_module, "decide", broken)
    home.loop.cycle(due())
    assert home.cycles == []
    monkeypatch.undo()
    home.loop.cycle(due())
    assert home.cycles[0].power == PowerOutcome(EnsureOn(CUT), PowerResult.SUCCESS, "", at(CUT.due), 0.0)
    assert home.loop.memory.recovery.maintenance_until == at(CUT.due + 3600.0)
    home.loop.cycle(due())
    assert home.cycles[2].power is None


def test_after_a_bug_in_judgement_power_that_is_due_waits_for_no_interval(monkeypatch):
    monkeypatch.setattr(loop_module, "assess", broken)
    home = Home()
    assert home.loop.cycle(due()) == CUT.due
    assert Home().loop.memory.recovery.unfinished == CUT
    late = Home(result=PowerResult.DOUBTFUL)
    late.seconds = CUT.due + 5.0
    assert late.loop.cycle(due()) == CUT.due + 5.0 + 60.0, "it was tried in this cycle"


def test_what_a_disk_said_late_is_joined_with_what_is_known():
    home = Home(RecoveryPolicy(enabled=True, switch=False))
    found = [RecoveryMemory(identity="ours"), None]
    home.loop.around = replace(home.loop.around, recalled=lambda: found.pop(0))
    home.loop.cycle(due())
    assert home.loop.memory.recovery.identity == "ours"
    home.loop.cycle(due())
    assert found == []
